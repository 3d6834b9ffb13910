"""PyTorch files written without PyTorch: a zip of a pickle and of storages."""

from __future__ import annotations

import zipfile
from pathlib import Path


def torch_file(path: Path, description: bytes, **storages: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as bundle:
        bundle.writestr("run/data.pkl", description)
        bundle.writestr("run/byteorder", "little")
        for key, data in storages.items():
            bundle.writestr(f"run/data/{key.removeprefix('s')}", data)
    return path


def plain(
    shape: tuple[int, ...], strides: tuple[int, ...], offset: int = 0, kind: str = "BoolStorage"
) -> bytes:
    """The pickle of one tensor, written opcode by opcode."""

    def number(value: int) -> bytes:
        return b"J" + value.to_bytes(4, "little", signed=True)

    def text(value: str) -> bytes:
        return b"X" + len(value).to_bytes(4, "little") + value.encode()

    storage = (
        b"(" + text("storage") + f"ctorch\n{kind}\n".encode() + text("0") + text("cpu") + number(1) + b"tQ"
    )
    sizes = (b"(" + b"".join(map(number, values)) + b"t" for values in (shape, strides))
    ordered = b"ccollections\nOrderedDict\n)R"
    body = storage + number(offset) + b"".join(sizes) + b"\x89" + ordered
    return b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(" + body + b"tR."
