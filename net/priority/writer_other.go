//go:build !linux

package priority

// behind is how far the disk has come.
type behind struct{ begun, on int64 }

// put writes a piece, and has the disk write what is new now and then.
func (w *Writer) put(p piece) error {
	if _, err := w.file.WriteAt(p.bytes, p.at); err != nil {
		return err
	}
	end := p.at + int64(len(p.bytes))
	if end-w.on < often {
		return nil
	}
	w.on = end
	return w.file.Sync()
}

// often is after how many bytes the disk is told to write.
const often = 8 * window
