// Package metadata reads what pictures say of the place, the camera and the
// time where they were taken, and writes copies that don't say it. It parses
// containers only (JPEG segments, PNG and WebP chunks, HEIF boxes) and never
// decodes a pixel: a copy looks as the picture does, to the bit.
//
// The transfer engine calls it for what goes out, transfer/preview to know what
// would be removed and which way up a picture is. What it reads is hostile: every
// length is checked, nothing is read into memory but a bounded block of EXIF.
// It starts no goroutine and may be called from anywhere.
package metadata
