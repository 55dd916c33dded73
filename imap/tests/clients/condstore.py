"""CONDSTORE as IMAPClient uses it; it fails where the server does not answer as the standard says."""

import ssl
import sys

# Else the script beside this one would be what `imapclient` names.
sys.path.pop(0)

import imapclient

port, authority, address, password = int(sys.argv[1]), *sys.argv[2:]
context = ssl.create_default_context(cafile=authority)
client = imapclient.IMAPClient("localhost", port, ssl_context=context, timeout=20)
client.login(address, password)
assert client.has_capability("CONDSTORE") and client.has_capability("QRESYNC")
assert client.enable("CONDSTORE") == [b"CONDSTORE"]
highest = client.select_folder("INBOX")[b"HIGHESTMODSEQ"]
assert highest == client.folder_status("INBOX", ["HIGHESTMODSEQ"])[b"HIGHESTMODSEQ"], highest

client.add_flags([2], [imapclient.FLAGGED])
changed = client.fetch([1, 2, 3], ["FLAGS"], modifiers=[f"CHANGEDSINCE {highest}"])
assert list(changed) == [2], changed
assert changed[2][b"MODSEQ"][0] > highest, changed
found = client.search(["MODSEQ", str(highest + 1)])
assert list(found) == [2] and found.modseq == changed[2][b"MODSEQ"][0], (found, found.modseq)
assert client.fetch([1, 2, 3], ["FLAGS"], modifiers=[f"CHANGEDSINCE {found.modseq}"]) == {}
client.logout()
print("done")
