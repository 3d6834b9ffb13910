"""Small files of recording systems, written byte by byte from their makers' published layouts."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

Trains = Mapping[tuple[int, int], Sequence[int]]


def in_order(trains: Trains) -> list[tuple[int, int, int]]:
    """Every spike as (time, channel, unit), as systems write them."""
    return sorted((time, channel, unit) for (channel, unit), times in trains.items() for time in times)


def plexon(path: Path, trains: Trains, rate: int = 40_000) -> Path:
    """A .plx: header of 7,504 bytes, 1,020 for each channel of spikes, blocks of 16 and their waveforms."""
    channels = sorted({channel for channel, _ in trains})
    header = bytearray(7504)
    struct.pack_into("<II128s", header, 0, 0x58454C50, 106, b"made by a test")
    struct.pack_into("<iiiiii", header, 136, rate, len(channels), 0, 0, 4, 1)
    struct.pack_into("<iiiiii", header, 160, 2024, 5, 6, 7, 8, 9)
    struct.pack_into("<iid", header, 184, 0, rate, float(in_order(trains)[-1][0]))
    struct.pack_into("<BBBBHHH", header, 200, 1, 1, 12, 12, 3000, 5000, 1000)
    for (channel, unit), times in trains.items():
        struct.pack_into("<i", header, 256 + 4 * (5 * channel + unit), len(times))
    described = b""
    for channel in channels:
        entry = bytearray(1020)
        struct.pack_into("<32s32siiiii", entry, 0, b"sig%03d" % channel, b"", channel, 100, channel, 0, 1)
        struct.pack_into("<i", entry, 96, len([unit for of, unit in trains if of == channel]))
        described += entry
    blocks = b"".join(
        struct.pack("<HHIHHHH", 1, time >> 32, time & 0xFFFFFFFF, channel, unit, 1, 4) + bytes(8)
        for time, channel, unit in in_order(trains)
    )
    path.write_bytes(header + described + blocks)
    return path


def blackrock(path: Path, trains: Trains, rate: int = 30_000) -> Path:
    """A .nev of version 2.3: header of 336 bytes, 32 for each electrode, a packet for each spike."""
    electrodes = sorted({channel for channel, _ in trains})
    extended = b"".join(
        struct.pack("<8sHBBHHhhBB10x", b"NEUEVWAV", channel, 1, channel, 1000, 0, 0, 0, 5, 2)
        for channel in electrodes
    )
    header = struct.pack("<8sBBHIIII", b"NEURALEV", 2, 3, 1, 336 + len(extended), 24, rate, rate)
    header += struct.pack("<8H", 2024, 5, 1, 6, 7, 8, 9, 0) + b"made by a test".ljust(32, b"\0")
    header += bytes(256) + struct.pack("<I", len(electrodes))
    packets = b"".join(
        struct.pack("<IHBB", time, channel, unit, 0) + bytes(16) for time, channel, unit in in_order(trains)
    )
    path.write_bytes(header + extended + packets)
    return path


def neuralynx(folder: Path, trains: Trains, rate: int = 32_000) -> Path:
    """A folder with an .nse for each electrode: 16 KiB of text, then records of 112 bytes; times in microseconds."""
    kind = [
        ("time", "<u8"),
        ("channel", "<u4"),
        ("cell", "<u4"),
        ("features", "<i4", 8),
        ("samples", "<i2", 32),
    ]
    folder.mkdir()
    for electrode in sorted({channel for channel, _ in trains}):
        lines = [
            "######## Neuralynx Data File Header", "-FileType Spike", "-FileVersion 3.4", "-RecordSize 112",
            '-ApplicationName Cheetah "5.7.4 "', f"-AcqEntName SE{electrode}", f"-SamplingFrequency {rate}",
            "-ADMaxValue 32767", "-ADBitVolts 0.000000030518", "-NumADChannels 1", f"-ADChannel {electrode}",
            "-InputRange 1000", "-InputInverted True", "-TimeCreated 2024/05/06 07:08:09",
            "-TimeClosed 2024/05/06 07:09:09",
        ]  # fmt: skip
        mine = [(time, unit) for time, channel, unit in in_order(trains) if channel == electrode]
        records = np.zeros(len(mine), kind)
        records["time"], records["cell"] = ([spike[at] for spike in mine] for at in (0, 1))
        records["channel"] = electrode
        header = "\r\n".join(lines).encode("latin-1").ljust(2**14, b"\0")
        (folder / f"SE{electrode}.nse").write_bytes(header + records.tobytes())
    return folder
