package chat

// PictureEdit is what is changed in a picture before it goes. What is no picture
// goes untouched.
type PictureEdit struct {
	// Clean removes what the picture says of place, camera and time.
	Clean bool `json:"clean,omitempty"`
	// Smaller makes its longer side SmallerSide pixels, when it is longer.
	Smaller bool `json:"smaller,omitempty"`
}

// SmallerSide is how long a picture's longer side is, in pixels, that is sent smaller.
const SmallerSide = 2048

// PictureFacts is what a picture says of how it was taken, in the file of its sender.
type PictureFacts struct {
	Orientation int // by EXIF: 1 upright, to 8; 0: not said
	Place       bool
	Lat, Lon    float64 // degrees, when Place
	Camera      string  // make and model; "": not said
	Taken       string  // "2026:05:03 14:07:09", as cameras write it; "": not said
	Other       bool    // something else that would be removed: comments, XMP, IPTC, thumbnails
}

// Any tells whether there is anything to remove.
func (f *PictureFacts) Any() bool { return f.Place || f.Camera != "" || f.Taken != "" || f.Other }
