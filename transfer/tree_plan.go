package transfer

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"satchel/chat"
	"satchel/transfer/metadata"
)

// plan is what goes of a folder: which files, in which order, and which of them an
// earlier message carried already. It is made once, and lies beside the parts: a
// restart goes on with it.
type plan struct {
	root    string
	entries []planned
	earlier []chat.Pack
	kept    int64 // bytes of files that need not go
	fresh   int64 // bytes of those that go: they come first in the pack
	list    int64 // bytes of the list behind them
	own     []int // the entries that go, in the order of their bytes

	// Owned by the body that reads.
	hashed int64  // up to where the pack was hashed, file by file
	ready  []byte // the list, once all files were
}

// planned is an entry as it was when the plan was made.
type planned struct {
	chat.TreeEntry
	Modified int64 `json:"modified,omitempty"` // Unix nanoseconds

	// Of a picture that goes without what it says of itself: what goes, which Size is
	// of, and how big the file is. See planClean.
	Pieces []metadata.Piece `json:"pieces,omitempty"`
	Whole  int64            `json:"whole,omitempty"`

	lost int64 // from where on nothing can be read of it any more; -1: it can
}

const planExt = ".plan"

func (e *Engine) planPath(id chat.TransferID) string {
	return filepath.Join(e.cfg.Folder, "parts", string(id)+planExt)
}

func (p *plan) size() int64 { return p.fresh + p.list }

// makePlan looks at all that is in a folder, and at what of it went before.
func (e *Engine) makePlan(ctx context.Context, en *entry, h Handler) (*plan, error) {
	p := &plan{root: en.t.Path}
	var s Survey
	err := walk(ctx, p.root, &s, func(path string, info fs.FileInfo) error {
		en.meter.touch()
		entry := planned{chat.TreeEntry{Path: path, Size: info.Size(), Time: info.ModTime().UnixMilli(), SHA256: chat.LeftOut}, info.ModTime().UnixNano(), nil, 0, -1}
		if info.Size() == 0 {
			entry.SHA256 = hexSum(nil)
		}
		p.entries = append(p.entries, entry)
		return nil
	}, func(path string) error {
		p.entries = append(p.entries, planned{chat.TreeEntry{Path: path, Folder: true}, 0, nil, 0, -1})
		return nil
	})
	if err != nil {
		return nil, err
	}
	if s.Files == 0 && en.t.File.Size > 0 {
		// As a disk that is not there any more looks.
		return nil, Final(en.t.File.Name+" is empty now. Put its files back, then try again.", nil)
	}
	if err := e.planClean(ctx, en, p); err != nil {
		return nil, err
	}
	if err := e.planEarlier(ctx, en, h, p); err != nil {
		return nil, err
	}
	if err := p.arrange(); err != nil {
		return nil, err
	}
	if p.list > chat.MaxTreeList {
		return nil, Final(en.t.File.Name+" has too many files with long names. Send the folders in it one by one, or pack it into one file.", nil)
	}
	return p, nil
}

// arrange gives the files that go their places in the pack.
func (p *plan) arrange() error {
	p.own, p.fresh, p.kept = nil, 0, 0
	for i := range p.entries {
		switch e := &p.entries[i]; {
		case e.Pack > 0:
			p.kept += e.Size
		case e.Size > 0:
			e.At = p.fresh
			p.fresh += e.Size
			p.own = append(p.own, i)
		}
	}
	list, err := p.write()
	p.list = int64(len(list))
	return err
}

func (p *plan) write() ([]byte, error) {
	entries := make([]chat.TreeEntry, len(p.entries))
	for i := range p.entries {
		entries[i] = p.entries[i].TreeEntry
	}
	return encodeList(entries)
}

// planEarlier finds the files that an earlier message of the conversation carried,
// and that its store still has. Those of the same size are read, to be sure.
func (e *Engine) planEarlier(ctx context.Context, en *entry, h Handler, p *plan) error {
	if e.cfg.Before == nil {
		return nil
	}
	before, message, ok := e.cfg.Before(en.t)
	if !ok || before.Folder == nil {
		return nil
	}
	if err := checkFolder(&before); err != nil {
		return nil
	}
	t := en.t
	t.File, t.Message = before, message
	list, err := e.list(ctx, &t, en.meter, func(string) {})
	if ctx.Err() != nil {
		return ctx.Err()
	} else if err != nil {
		e.log.Info("an earlier folder can't serve", "transfer", en.t.ID, "error", err)
		return nil
	}
	packs := append([]chat.Pack{{Message: message, URL: before.URL, Key: before.Key, Size: before.Folder.Pack}}, before.Folder.Earlier...)
	known := map[int64]map[string]*chat.TreeEntry{}
	for i := range list {
		if f := &list[i]; f.Came() && f.Size > 0 {
			if known[f.Size] == nil {
				known[f.Size] = map[string]*chat.TreeEntry{}
			}
			known[f.Size][f.SHA256] = f
		}
	}
	carried := make([]int64, len(packs)) // bytes of each pack that serve
	for i := range p.entries {
		f := &p.entries[i]
		if len(known[f.Size]) == 0 || f.Folder {
			continue
		}
		sum, err := e.planSum(ctx, en, p, f)
		if err != nil {
			return err
		}
		if old := known[f.Size][sum]; old != nil {
			f.SHA256, f.Pack, f.At = sum, old.Pack+1, old.At
			carried[old.Pack] += f.Size
		}
	}
	return e.choosePacks(ctx, en, h, p, packs, carried)
}

// planSum hashes a file that stays as it is meanwhile; "" when it does not, or
// can't be read.
func (e *Engine) planSum(ctx context.Context, en *entry, p *plan, f *planned) (string, error) {
	b := &treeBody{ctx: ctx, plan: p, meter: en.meter}
	defer b.Close()
	if _, err := b.open(f); err != nil {
		return "", nil
	}
	bulk := e.cfg.Words.Bulk()
	sum, err := hashOf(ctx, io.NewSectionReader(b.bytes(f), 0, f.Size), func(n int) {
		bulk.Pass(ctx, n)
		en.meter.touch()
	})
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil || !b.still(f) {
		return "", nil
	}
	return sum, nil
}

// choosePacks keeps those that are still there: as many as a message may refer to,
// the ones that save most. What is in others goes again.
func (e *Engine) choosePacks(ctx context.Context, en *entry, h Handler, p *plan, packs []chat.Pack, carried []int64) error {
	order := make([]int, 0, len(packs))
	for i, n := range carried {
		if n > 0 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(carried[b], carried[a]) })
	place := make([]int, len(packs)+1) // from the earlier list's number + 1 to ours
	for _, i := range order {
		if len(p.earlier) == chat.MaxPacks {
			break
		}
		k := Stored{URL: packs[i].URL}
		there, err := e.stillThere(ctx, en, h, &k, packs[i].Size)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return err
		case there:
			packs[i].URL = k.URL
			p.earlier = append(p.earlier, packs[i])
			place[i+1] = len(p.earlier)
		}
	}
	for i := range p.entries {
		f := &p.entries[i]
		if f.Pack == 0 {
			continue
		}
		if f.Pack = place[f.Pack]; f.Pack == 0 {
			f.SHA256, f.At = chat.LeftOut, 0
		}
	}
	return nil
}

// savePlan makes a plan durable.
func savePlan(path string, p *plan) error {
	return writeCopy(path, func(w *bufio.Writer) error {
		out := json.NewEncoder(w)
		if err := out.Encode(planHead{p.root, len(p.entries), p.earlier}); err != nil {
			return err
		}
		for i := range p.entries {
			if err := out.Encode(&p.entries[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

type planHead struct {
	Root    string      `json:"root"`
	Entries int         `json:"entries"`
	Earlier []chat.Pack `json:"earlier,omitempty"`
}

// loadPlan reads one back; nil when there is none that is whole.
func loadPlan(path, root string) *plan {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	in := json.NewDecoder(bufio.NewReaderSize(f, 256<<10))
	var head planHead
	if err := in.Decode(&head); err != nil || head.Root != root || head.Entries > chat.MaxTreeEntries {
		return nil
	}
	p := &plan{root: root, earlier: head.Earlier, entries: make([]planned, head.Entries)}
	for i := range p.entries {
		p.entries[i].lost = -1
		if err := in.Decode(&p.entries[i]); err != nil || p.entries[i].Pack > len(head.Earlier) ||
			p.entries[i].Pieces != nil && metadata.Size(p.entries[i].Pieces) != p.entries[i].Size {
			return nil
		}
	}
	if p.arrange() != nil {
		return nil
	}
	return p
}

// openTree opens what an upload reads of a folder: by the plan that there is, or by
// a new one.
func (e *Engine) openTree(ctx context.Context, en *entry, h Handler) (*source, error) {
	path := e.planPath(en.t.ID)
	if en.plan == nil && !en.fresh {
		en.plan = loadPlan(path, en.t.Path)
	}
	if en.plan == nil {
		p, err := e.makePlan(ctx, en, h)
		if err != nil {
			return nil, err
		}
		if err := savePlan(path, p); err != nil {
			return nil, err
		}
		// Of another plan the store may have bytes: they are not gone on with.
		_, err = os.Stat(e.recordPath(en.t.ID))
		en.fresh = en.fresh || err == nil || en.t.Place != ""
		en.plan = p
	}
	p := en.plan
	info, err := os.Stat(p.root)
	if err != nil {
		return nil, sourceError(en.t.File.Name, err)
	}
	t := en.t
	t.File = p.describe(t.File)
	e.set(en, t)
	s := newSource(ctx, &treeBody{ctx: ctx, plan: p, root: info, name: t.File.Name, meter: en.meter}, en.meter, e.cfg.Words, &e.caps)
	s.ahead = p.kept
	return s, nil
}

// describe is what a message says of the folder as it stands.
func (p *plan) describe(f chat.File) chat.File {
	d := chat.Folder{Pack: p.size(), List: p.list, Earlier: p.earlier}
	f.Size = 0
	for i := range p.entries {
		switch e := &p.entries[i]; {
		case e.Folder:
		case e.lost >= 0:
			d.Left++
		default:
			d.Files++
			f.Size += e.Size
		}
	}
	f.Folder = &d
	return f
}

// sentTree ends an upload of a folder: all of it was read.
func (e *Engine) sentTree(en *entry, address string, key []byte) error {
	p := en.plan
	if p.ready == nil {
		return fmt.Errorf("transfer: the list of a folder was not read")
	}
	t := en.t
	t.File = p.describe(t.File)
	if t.File.Folder.Files == 0 && t.File.Folder.Left > 0 {
		return Final("Nothing of "+t.File.Name+" could be read while it was sent, so it was not. Send it again when nothing writes to it.", nil)
	}
	e.set(en, t)
	sum := hexSum(p.ready)
	e.keepList(sum, p.ready)
	return e.sent(en, Stored{URL: address, SHA256: sum, Key: key})
}
