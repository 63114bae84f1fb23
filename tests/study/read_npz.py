"""Reads a .npz file without NumPy, by its two formats' specifications; prints name, shape and sum of each array."""
import ast
import struct
import sys
import zipfile

with zipfile.ZipFile(sys.argv[1]) as archive:
    if archive.testzip() is not None:
        sys.exit("a CRC is wrong")
    for name in archive.namelist():
        data = archive.read(name)
        if data[:8] != b"\x93NUMPY\x01\x00":
            sys.exit(name + ": no .npy of version 1.0")
        (length,) = struct.unpack("<H", data[8:10])
        if (10 + length) % 64 != 0:
            sys.exit(name + ": the numbers are not aligned")
        header = ast.literal_eval(data[10:10 + length].decode("latin-1"))
        if header["descr"] != "<f8" or header["fortran_order"]:
            sys.exit(name + ": not doubles row by row")
        count = 1
        for n in header["shape"]:
            count *= n
        values = struct.unpack("<%dd" % count, data[10 + length:])
        finite = [v for v in values if v == v and abs(v) != float("inf")]
        print(name[:-4], "x".join(str(n) for n in header["shape"]), repr(sum(finite)))
