"""Reads a safetensors file with nothing but the standard library, and says what it holds.

Written from the description of the format (eight bytes of header length, a JSON header, the numbers) and
from docs/checkpoint.md (what the digest covers), not from the C++ code: it is there to disagree with it.

    python3 read_safetensors.py FILE

One line a tensor, in the order of the bytes: name, dtype, shape, SHA-256 of its bytes, its first and last number.
Then the digest of the content as the file states it, and as it is.
"""

import hashlib
import json
import struct
import sys

CODES = {"F32": "f", "F64": "d"}

with open(sys.argv[1], "rb") as file:
    content = file.read()
(size,) = struct.unpack_from("<Q", content)
header = json.loads(content[8 : 8 + size].decode("utf-8"))
data = memoryview(content)[8 + size :]
metadata = header.pop("__metadata__", {})

at = 0
for name, tensor in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
    begin, end = tensor["data_offsets"]
    assert begin == at, f"{name}: a gap or an overlap"
    at = end
    count = 1
    for dimension in tensor["shape"]:
        count *= dimension
    numbers = struct.unpack(f"<{count}{CODES[tensor['dtype']]}", data[begin:end])
    digest = hashlib.sha256(data[begin:end]).hexdigest()
    print(name, tensor["dtype"], *tensor["shape"], digest, numbers[0].hex(), numbers[-1].hex())
assert at == len(data), "bytes that belong to no tensor"

digest = hashlib.sha256()


def add_number(number):
    digest.update(struct.pack("<Q", number))


def add(part):
    add_number(len(part))
    digest.update(part)


for key in ("config", "format", "format_version", "training", "vocabulary"):
    add(key.encode())
    add(metadata[key].encode())
add_number(len(header))
for name, tensor in sorted(header.items(), key=lambda item: item[0].encode()):
    add(name.encode())
    add(tensor["dtype"].encode())
    add_number(len(tensor["shape"]))
    for dimension in tensor["shape"]:
        add_number(dimension)
    begin, end = tensor["data_offsets"]
    add(data[begin:end])
print("sha256", metadata["sha256"], digest.hexdigest())
print("vocabulary", *(f"{ord(character):x}" for character in json.loads(metadata["vocabulary"])))
print("step", json.loads(metadata["training"])["step"])
