"""A session of IMAPClient; it fails where the server does not answer as the standard says."""

import ssl
import sys

# Else this file would be what `imapclient` names.
sys.path.pop(0)

import imapclient
from imapclient.exceptions import IMAPClientError, LoginError

port, authority, address, password = int(sys.argv[1]), *sys.argv[2:]
context = ssl.create_default_context(cafile=authority)


def connect():
    return imapclient.IMAPClient("localhost", port, ssl_context=context, timeout=20)


refused = connect()
try:
    refused.plain_login(address, "wrong")
    raise SystemExit("a wrong password was taken")
except LoginError as error:
    assert "AUTHENTICATIONFAILED" in str(error), error
refused.shutdown()

client = connect()
client.plain_login(address, password)
for name in ("IDLE", "MOVE", "UIDPLUS", "NAMESPACE", "SPECIAL-USE", "ESEARCH", "UNSELECT"):
    assert client.has_capability(name), name
assert not client.has_capability("LOGINDISABLED")
assert client.namespace().personal == (("", "/"),), client.namespace()
assert client.id_({"name": "test"})
assert client.find_special_folder(b"\\Sent") == "Envoyés"

selected = client.select_folder("INBOX")
assert selected[b"EXISTS"] == 3 and selected[b"UIDNEXT"] == 4, selected
assert client.search(["SUBJECT", "Résultat 2"], "UTF-8") == [2]
assert client.search(["NOT", "SEEN", "BODY", "compte rendu 3"]) == [3]
items = ["ENVELOPE", "BODYSTRUCTURE", "RFC822.SIZE", "BODY.PEEK[TEXT]<9.8>"]
found = client.fetch([1], items)[1]
assert found[b"ENVELOPE"].from_[0].mailbox == b"jean", found
assert found[b"ENVELOPE"].message_id == b"<m1@chu.example>", found
assert [part.lower() for part in found[b"BODYSTRUCTURE"][:2]] == [b"text", b"plain"], found
assert found[b"BODY[TEXT]<9>"] == b"\nle comp", found
whole = client.fetch([1], ["RFC822"])[1][b"RFC822"]
assert len(whole) == found[b"RFC822.SIZE"], found
assert set(client.get_flags([1])[1]) == {b"\\Seen", b"\\Recent"}, client.get_flags([1])

client.add_flags([2], [imapclient.FLAGGED, "$Forwarded"])
assert set(client.get_flags([2])[2]) >= {b"\\Flagged", b"$Forwarded"}
assert client.search(["KEYWORD", "$Forwarded"]) == [2]
client.delete_messages([1])
client.expunge([1])
assert client.search() == [2, 3]

client.create_folder("Dossiers/Été")
try:
    client.create_folder("Dossiers/Été")
    raise SystemExit("a mailbox was made twice")
except IMAPClientError as error:
    assert "exist" in str(error).lower(), error
client.subscribe_folder("Dossiers/Été")
assert "Dossiers/Été" in [name for _, _, name in client.list_sub_folders()]
client.move([3], "Dossiers/Été")
assert client.search() == [2]
status = client.folder_status("Dossiers/Été", ["MESSAGES", "UIDNEXT"])
assert status == {b"MESSAGES": 1, b"UIDNEXT": 2}, status

message = b"Subject: test\r\n\r\n" + b"x" * 70 * 1000 + b"\r\n"
answer = client.append("Envoyés", message, [imapclient.SEEN])
assert b"APPENDUID" in answer, answer
client.unselect_folder()
client.select_folder("Envoyés", readonly=True)
assert client.fetch([1], ["BODY[]"])[1][b"BODY[]"] == message
try:
    client.delete_messages([1])
    raise SystemExit("a mailbox open for reading was changed")
except IMAPClientError:
    pass
client.logout()
print("done")
