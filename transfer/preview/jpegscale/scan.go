package jpegscale

import "math"

// startScan reads a scan's header and the scan.
func (d *decoder) startScan(s []byte) error {
	if !d.framed || len(s) < 1 || int(s[0]) < 1 || int(s[0]) > len(d.components) || len(s) < 4+2*int(s[0]) {
		return ErrFormat
	}
	n := int(s[0])
	d.scan = d.scan[:0]
	for i := range n {
		id, t := s[1+2*i], s[2+2*i]
		var found *component
		for j := range d.components {
			if d.components[j].id == id {
				found = &d.components[j]
			}
		}
		if found == nil || t>>4 > 3 || t&15 > 3 {
			return ErrFormat
		}
		for _, other := range d.scan {
			if other == found {
				return ErrFormat
			}
		}
		found.dc, found.ac = t>>4, t&15
		d.scan = append(d.scan, found)
	}
	from, to, high, low := s[1+2*n], s[2+2*n], s[3+2*n]>>4, s[3+2*n]&15
	if d.progressive && from > 0 {
		return nil // its coefficients are not shown: on to the next marker
	}
	if low > 13 || !d.progressive && (from != 0 || to != 63 || high != 0 || low != 0) {
		return ErrFormat
	}
	read := d.block
	switch {
	case d.progressive && high == 0:
		read = func(c *component, x, y int) error { return d.firstDC(c, x, y, low) }
	case d.progressive:
		read = func(c *component, x, y int) error { return d.nextDC(c, x, y, low) }
	case d.side == 1:
		read = d.mean
	}
	for _, c := range d.scan {
		c.pred = 0
		if !d.hasQuant[c.quant] && !d.progressive || (!d.progressive || high == 0) && d.dc[c.dc] == nil || !d.progressive && d.ac[c.ac] == nil {
			return ErrFormat
		}
		if !d.progressive && d.side == 1 {
			d.ac[c.ac].skipping()
		}
	}
	return d.blocks(read)
}

// blocks goes through a scan's blocks in their order.
func (d *decoder) blocks(read func(c *component, x, y int) error) error {
	d.bits = bitReader{data: d.data}
	d.bits.reset(d.at)
	across, down := ceil(d.width, 8*d.maxH), ceil(d.height, 8*d.maxV)
	alone := len(d.scan) == 1
	if alone {
		across, down = d.scan[0].wide, d.scan[0].high
	}
	left := d.restart
	for my := range down {
		for mx := range across {
			if d.restart > 0 && left == 0 {
				if !d.resync() {
					return ErrFormat
				}
				left = d.restart
			}
			left--
			if alone {
				if err := read(d.scan[0], mx, my); err != nil {
					return err
				}
				continue
			}
			for _, c := range d.scan {
				for v := range c.v {
					for h := range c.h {
						if err := read(c, mx*c.h+h, my*c.v+v); err != nil {
							return err
						}
					}
				}
			}
		}
		if d.bits.overrun() {
			return ErrFormat
		}
	}
	for _, c := range d.scan {
		c.seen = true
	}
	d.at = d.bits.at
	return nil
}

// resync goes on behind a restart marker.
func (d *decoder) resync() bool {
	b := &d.bits
	for at := b.at; at+1 < len(b.data); at++ { // the reader never passes a marker
		if b.data[at] != 0xff || b.data[at+1] == 0 || b.data[at+1] == 0xff {
			continue
		}
		if m := b.data[at+1]; m < 0xd0 || m > 0xd7 {
			return false
		}
		b.reset(at + 2)
		for _, c := range d.scan {
			c.pred = 0
		}
		return true
	}
	return false
}

// difference reads a DC coefficient: what the one before has, and a difference.
func (d *decoder) difference(c *component) error {
	b := &d.bits
	if b.count < 32 {
		b.fill()
	}
	e := d.dc[c.dc].one[b.buf>>48]
	size := int(e >> 8)
	if e == 0 || size > 15 {
		return ErrFormat
	}
	b.skip(int(e & 0xff))
	c.pred += b.receive(size)
	return nil
}

// mean reads a block of which one pixel is shown: its mean.
func (d *decoder) mean(c *component, x, y int) error {
	if err := d.difference(c); err != nil {
		return err
	}
	c.pix[y*c.stride+x] = level(c.pred * d.quant[c.quant][0])
	b, ac := &d.bits, d.ac[c.ac]
	many := ac.many
	buf, count := b.buf, b.count
	for k := 1; k < 64; {
		if count < 32 {
			b.buf, b.count = buf, count
			b.fill()
			buf, count = b.buf, b.count
		}
		e := many[buf>>48]
		if used, next := int(e&manyBits), k+int(e>>manyShift&manyMask); used > 0 && next <= 64 && (next < 64 || e&manyEnd == 0) {
			buf <<= used
			count -= used
			k = next
			if e&manyEnd != 0 {
				break
			}
			continue
		}
		// One at a time: a big value, or the block's last coefficients.
		one := ac.one[buf>>48]
		if one == 0 {
			return ErrFormat
		}
		run, size := int(one>>12), int(one>>8)&15
		used := int(one&0xff) + size
		buf <<= used
		count -= used
		if size == 0 && run != 15 {
			break
		}
		k += run + 1
		if k > 64 {
			return ErrFormat
		}
	}
	b.buf, b.count = buf, count
	return nil
}

// block reads a block of which side by side pixels are shown.
func (d *decoder) block(c *component, x, y int) error {
	if err := d.difference(c); err != nil {
		return err
	}
	q := &d.quant[c.quant]
	var low [16]int32 // the coefficients that count, side a row
	low[0] = c.pred * q[0]
	b, ac := &d.bits, d.ac[c.ac]
	for k := 1; k < 64; {
		if b.count < 32 {
			b.fill()
		}
		one := ac.one[b.buf>>48]
		if one == 0 {
			return ErrFormat
		}
		run, size := int(one>>12), int(one>>8)&15
		b.skip(int(one & 0xff))
		if size == 0 {
			if run != 15 {
				break
			}
			k += 16
			continue
		}
		k += run
		if k > 63 {
			return ErrFormat
		}
		v := b.receive(size)
		at := zigzag[k]
		if u, w := int(at&7), int(at>>3); u < d.side && w < d.side {
			low[w*d.side+u] = v * q[at]
		}
		k++
	}
	to := c.pix[y*d.side*c.stride+x*d.side:]
	if d.side == 2 {
		inverse(to, c.stride, &low, 2, &basis2)
	} else {
		inverse(to, c.stride, &low, 4, &basis4)
	}
	return nil
}

// basis has, for a pixel x and a coefficient u, its weight in the small block, in 1/4096.
var basis2, basis4 = basis(2), basis(4)

func basis(n int) (out [16]int32) {
	for x := range n {
		for u := range n {
			w := 0.5 * math.Cos(float64(2*x+1)*float64(u)*math.Pi/float64(2*n))
			if u == 0 {
				w = math.Sqrt(1.0 / 8)
			}
			out[x*n+u] = int32(math.Round(w * 4096))
		}
	}
	return out
}

// inverse writes the pixels of n by n coefficients.
func inverse(to []byte, stride int, low *[16]int32, n int, weight *[16]int32) {
	var rows [16]int64
	for v := range n {
		for x := range n {
			var sum int64
			for u := range n {
				sum += int64(low[v*n+u]) * int64(weight[x*n+u])
			}
			rows[v*n+x] = sum
		}
	}
	for y := range n {
		for x := range n {
			var sum int64
			for v := range n {
				sum += rows[v*n+x] * int64(weight[y*n+v])
			}
			to[y*stride+x] = byte(min(max((sum+1<<23)>>24+128, 0), 255))
		}
	}
}

// firstDC reads the first bits of a progressive picture's means.
func (d *decoder) firstDC(c *component, x, y int, low byte) error {
	if err := d.difference(c); err != nil {
		return err
	}
	c.dcs[y*c.across+x] = int16(c.pred << low)
	return nil
}

// nextDC reads one more bit of each.
func (d *decoder) nextDC(c *component, x, y int, low byte) error {
	b := &d.bits
	if b.count < 1 {
		b.fill()
	}
	if b.buf>>63 == 1 {
		c.dcs[y*c.across+x] |= 1 << low
	}
	b.skip(1)
	return nil
}
