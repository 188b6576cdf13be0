package chat

// KindFolder is a message whose File is a folder. Versions that know no folders
// show it as needing a newer Satchel.
const KindFolder = "folder"

// Bounds of a folder that is sent.
const (
	MaxTreeEntries = 200_000 // files, and folders with nothing in them
	MaxTreeList    = 96 << 20
	MaxTreeDepth   = 64   // folders in each other
	MaxTreePath    = 1024 // bytes of a path
	MaxPacks       = 15   // earlier messages whose bytes one refers to: with its own, what a message may refer to at a relay
)

// Folder is what a File says that is a folder. At its URL lies one run of bytes,
// the pack: what is in its files, one after the other, and then the list of them
// (see [TreeEntry]), which has the File's SHA256. Its Size is that of all files.
type Folder struct {
	Files   int    `json:"files"`             // how many there are
	Left    int    `json:"left,omitempty"`    // how many more were left out: they changed, or went, while it was sent
	Pack    int64  `json:"pack"`              // bytes of the pack
	List    int64  `json:"list"`              // bytes of the list, at its end
	Earlier []Pack `json:"earlier,omitempty"` // where the files lie that an earlier message carried already
}

// Pack is where an earlier message of the conversation has its bytes.
type Pack struct {
	Message MessageID `json:"message"` // whose file it is
	URL     string    `json:"url"`
	Key     []byte    `json:"key"`
	Size    int64     `json:"size"`
}

// TreeEntry is a line of a folder's list: a file, or a folder that has nothing in it.
type TreeEntry struct {
	Path   string `json:"path"`             // slash-separated, as the sender calls it: hostile until scrubbed
	Folder bool   `json:"folder,omitempty"` // the rest is zero then
	Size   int64  `json:"size,omitempty"`
	Time   int64  `json:"time,omitempty"`   // of its last change, Unix milliseconds
	SHA256 string `json:"sha256,omitempty"` // LeftOut: it did not come along
	Pack   int    `json:"pack,omitempty"`   // 0: the message's own; n: Earlier[n-1]
	At     int64  `json:"at,omitempty"`     // where in the pack its bytes begin

	Here bool `json:"-"` // it lies on this computer, as far as its size tells
}

// LeftOut is the checksum of a file that did not come along. A list has the same
// length whether files did or not.
const LeftOut = "0000000000000000000000000000000000000000000000000000000000000000"

// Came tells whether the entry is a file that came along.
func (e *TreeEntry) Came() bool { return !e.Folder && e.SHA256 != LeftOut }

// IsFolder tells whether the file is a folder.
func (f *File) IsFolder() bool { return f != nil && f.Folder != nil }

// Stored is how many bytes lie at the URL, before they are sealed.
func (f *File) Stored() int64 {
	if f.Folder != nil {
		return f.Folder.Pack
	}
	return f.Size
}
