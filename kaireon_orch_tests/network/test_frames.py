from __future__ import annotations

import struct

import pytest

from kaireon_orch.errors import Fault
from kaireon_orch.network.frames import ARROW, MAX_FRAME, Decoder, encode, encode_json


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_frames_come_out_of_any_pieces(size: int) -> None:
    stream = encode_json({"a": [1, "ü"]}) + encode(ARROW, b"\0" * 9) + encode_json({})
    decoder = Decoder()
    found = [frame for at in range(0, len(stream), size) for frame in decoder.feed(stream[at : at + size])]
    assert [frame.kind for frame in found] == [b"J", b"A", b"J"]
    assert (found[0].document(), found[1].body, found[2].document()) == ({"a": [1, "ü"]}, b"\0" * 9, {})


@pytest.mark.parametrize("length", [0, MAX_FRAME + 1, 0xFFFFFFFF])
def test_a_length_that_cannot_be_is_refused_before_it_is_awaited(length: int) -> None:
    with pytest.raises(Fault):
        list(Decoder().feed(struct.pack(">I", length) + b"J"))


def test_only_an_object_is_a_document() -> None:
    for frame in (*Decoder().feed(encode(ARROW, b"{}")), *Decoder().feed(encode(b"J", b"[]"))):
        with pytest.raises(Fault):
            frame.document()
