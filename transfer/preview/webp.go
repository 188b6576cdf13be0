package preview

import "encoding/binary"

// firstFrame makes a still WebP of the first frame of one that moves.
func firstFrame(data []byte) ([]byte, bool) {
	if len(data) < 30 || string(data[:4]) != "RIFF" || string(data[8:16]) != "WEBPVP8X" || data[20]&0x02 == 0 {
		return nil, false
	}
	for at := 12; at+8 <= len(data); {
		n := int(binary.LittleEndian.Uint32(data[at+4:]))
		if n > len(data)-at-8 {
			return nil, false
		}
		if string(data[at:at+4]) != "ANMF" {
			at += 8 + n + n&1
			continue
		}
		const head = 16 // where the frame is, how big, and for how long
		if n < head+8 {
			return nil, false
		}
		frame, chunks := data[at+8:at+8+head], data[at+8+head:at+8+n]
		extended := make([]byte, 18)
		copy(extended, "VP8X\x0a\x00\x00\x00")
		copy(extended[12:], frame[6:12]) // width and height
		if string(chunks[:4]) == "ALPH" {
			extended[8] = 0x10
		}
		out := append([]byte("RIFF\x00\x00\x00\x00WEBP"), extended...)
		out = append(out, chunks...)
		binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
		return out, true
	}
	return nil, false
}
