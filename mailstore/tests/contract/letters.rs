//! Messages that tests deliver.

/// A letter with a Message-ID of its own.
pub(crate) fn letter(id: &str) -> Vec<u8> {
    letter_with(id, "")
}

/// A letter with more header fields, each with its line end.
pub(crate) fn letter_with(id: &str, fields: &str) -> Vec<u8> {
    format!(
        "From: Dr House <house@clinique.example>\r\n\
         To: Marie Martin <marie@hopital.example>\r\n\
         Subject: Compte rendu {id}\r\n\
         Date: Mon, 5 Jan 2026 09:00:00 +0100\r\n\
         Message-ID: <{id}@clinique.example>\r\n\
         {fields}\
         MIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\
         \r\n\
         Bonjour,\r\nvoici le compte rendu {id}.\r\n"
    )
    .into_bytes()
}

/// A letter with an attachment of another type.
pub(crate) fn letter_with_attachment() -> Vec<u8> {
    b"From: house@clinique.example\r\n\
      To: marie@hopital.example\r\n\
      Subject: Avec une piece jointe\r\n\
      Message-ID: <piece@clinique.example>\r\n\
      MIME-Version: 1.0\r\n\
      Content-Type: multipart/mixed; boundary=frontier\r\n\
      \r\n\
      --frontier\r\n\
      Content-Type: text/plain\r\n\
      \r\n\
      Voici les documents.\r\n\
      --frontier\r\n\
      Content-Type: application/zip; name=IHE_XDM.ZIP\r\n\
      Content-Transfer-Encoding: base64\r\n\
      Content-Disposition: attachment; filename=IHE_XDM.ZIP\r\n\
      \r\n\
      UEsDBAoAAAAAAA==\r\n\
      --frontier--\r\n"
        .to_vec()
}

/// So many octets without a period that a chunk could hide.
pub(crate) fn octets(len: usize) -> Vec<u8> {
    let mut state = len as u64 + 1;
    let mut step = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..len).map(|_| step()).collect()
}
