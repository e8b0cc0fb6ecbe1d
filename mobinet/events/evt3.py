"""EVT3, the 16-bit encoding of Prophesee's cameras, which ``event_camera_msgs/EventPacket`` carries as "evt3".

The upper four bits of a word say what it is, the lower twelve are its value. Time, row and the base of vectors are sent
when they change and hold until then, so a decoder has state:

========= ==== =====================================================================
TIME_HIGH 0x8  bits 12 to 23 of the time in microseconds
TIME_LOW  0x6  bits 0 to 11
ADDR_Y    0x0  row (bits 0 to 10); bit 11 tells a second camera
ADDR_X    0x2  one event: column (bits 0 to 10), polarity (bit 11)
VECT_BASE 0x3  column and polarity of the vectors that follow
VECT_12   0x4  events of the next 12 columns, one bit each; the base moves on by 12
VECT_8    0x5  the same with 8
========= ==== =====================================================================

Source: docs.prophesee.ai, "EVT 3.0 Format". Times wrap after 2^24 us, 16.77 s.
"""

from __future__ import annotations

ADDR_Y, ADDR_X, VECT_BASE_X, VECT_12, VECT_8 = 0x0, 0x2, 0x3, 0x4, 0x5
TIME_LOW, CONTINUED_4, TIME_HIGH, EXT_TRIGGER, OTHERS, CONTINUED_12 = 0x6, 0x7, 0x8, 0xA, 0xE, 0xF

VALUE_BITS = 0xFFF
COORDINATE_BITS = 0x7FF
POLARITY_SHIFT = 11
HIGH_COUNT = 1 << 12
