package transfer

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"satchel/chat"
	"satchel/net/seal"
)

// treeFetch is a folder that comes in, for one attempt.
type treeFetch struct {
	*Engine
	ctx    context.Context
	en     *entry
	list   []chat.TreeEntry // with the paths that they have here
	wanted []bool
	tree   *treeWriter
	there  int64    // bytes of what is wanted that are here, checked
	wrong  []string // what arrived and is not what the list says
}

// downloadTree takes the download of a folder from preparing to done: all of it, or
// the entries that were chosen. What is here already is not fetched.
func (e *Engine) downloadTree(ctx context.Context, en *entry) error {
	file := &en.t.File
	if err := checkFolder(file); err != nil {
		return err
	}
	list, err := e.list(ctx, &en.t, en.meter, func(address string) { e.setURL(en, address) })
	if err == nil {
		list, err = places(file.Name, list)
	}
	if err != nil {
		return err
	}
	f := &treeFetch{Engine: e, ctx: ctx, en: en, list: list, wanted: make([]bool, len(list))}
	size := int64(0)
	for i := range list {
		if f.wanted[i] = en.t.Only == nil || en.t.Only.Has(uint64(i)+1); !f.wanted[i] || !list[i].Came() {
			continue
		}
		if size += list[i].Size; size < 0 || size > file.Size {
			break
		}
	}
	if size != file.Size {
		return badList("The folder %s says another size than its list, so nothing of it was fetched. Ask for it to be sent again.", file.Name)
	}
	folder := e.TreePath(file)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	if f.tree, err = openTreeWriter(e, en, folder); err != nil {
		return err
	}
	defer f.tree.Close()
	if err := f.look(); err != nil {
		return err
	}
	release, err := e.room.claim(e.cfg.Folder, f.tree.parts, en.t.ID, size-f.there)
	if err != nil {
		return err
	}
	defer release()
	if err := e.step(en, chat.EventMove, false, func(t *chat.Transfer) { t.Offset = f.there }); err != nil {
		return err
	}
	stop := e.watch(en, en.cancel)
	err = f.fetch()
	stop()
	if err != nil {
		return err
	}
	if len(f.wrong) > 0 {
		return Final("“"+shortPath(f.wrong[0])+"” in this folder is not what its list says, so it was not kept; what else was wanted is here. Ask for the folder to be sent again.", errMismatch)
	}
	return e.arrived(en, func() (string, error) {
		return folder, f.tree.settle(list, f.wanted, en.meter)
	})
}

// look finds what of the wanted files is here: in the folder itself, or in one that
// an earlier message brought.
func (f *treeFetch) look() error {
	en := f.en
	if len(en.got) != len(f.list) {
		en.got = make([]bool, len(f.list))
	}
	for i := range f.list {
		e := &f.list[i]
		if !f.wanted[i] || !e.Came() {
			continue
		}
		if !en.got[i] {
			got, err := f.tree.has(f.ctx, e)
			if err != nil {
				return err
			}
			en.got[i] = got
		} else if !f.tree.present(e) {
			en.got[i] = false
		}
		if en.got[i] {
			f.there += e.Size
			en.meter.know(f.there)
		}
	}
	return nil
}

// fetch brings what is missing.
func (f *treeFetch) fetch() error {
	var missing []int
	for i := range f.list {
		switch e := &f.list[i]; {
		case !f.wanted[i]:
		case e.Folder:
			if err := f.tree.folder(e.Path); err != nil {
				return err
			}
		case e.Came() && !f.en.got[i]:
			missing = append(missing, i)
		}
	}
	f.en.meter.know(f.there)
	missing, err := f.fromEarlier(missing)
	if err != nil {
		return err
	}
	begun := f.tree.begun()
	at := func(i int) int64 { return f.list[i].At + begun[i] }
	for _, i := range missing {
		if n := begun[i]; n > 0 {
			if n > f.list[i].Size {
				delete(begun, i)
			}
			f.there += begun[i]
		}
	}
	f.en.meter.know(f.there)
	slices.SortFunc(missing, func(a, b int) int {
		return cmp.Or(cmp.Compare(f.list[a].Pack, f.list[b].Pack), cmp.Compare(at(a), at(b)), cmp.Compare(f.list[a].Size, f.list[b].Size))
	})
	for len(missing) > 0 {
		n, end := 1, f.list[missing[0]].At+f.list[missing[0]].Size
		for n < len(missing) && f.list[missing[n]].Pack == f.list[missing[0]].Pack && at(missing[n]) >= end && at(missing[n])-end <= runGap {
			end = f.list[missing[n]].At + f.list[missing[n]].Size
			n++
		}
		if err := f.run(missing[:n], begun, at(missing[0]), end); err != nil {
			return err
		}
		missing = missing[n:]
	}
	return nil
}

// runGap is how many bytes that nobody wants are fetched rather than asked anew.
const runGap = 256 << 10

// fromEarlier takes what folders of earlier messages have, whose bytes these are.
func (f *treeFetch) fromEarlier(missing []int) ([]int, error) {
	type lying struct {
		path string
		e    chat.TreeEntry
	}
	if f.cfg.Lies == nil || len(missing) == 0 {
		return missing, nil
	}
	near := map[string]lying{}
	for _, p := range f.en.t.File.Folder.Earlier {
		path, file, ok := f.cfg.Lies(f.en.t.Conversation, p.Message)
		if !ok || !file.IsFolder() {
			continue
		}
		for _, e := range f.KnownTree(&file) {
			if e.Came() && e.Size > 0 {
				near[e.SHA256] = lying{filepath.Join(path, filepath.FromSlash(e.Path)), e}
			}
		}
	}
	left := missing[:0]
	for _, i := range missing {
		e := &f.list[i]
		old, ok := near[e.SHA256]
		if ok && old.e.Size == e.Size {
			done, err := f.tree.copy(f.ctx, i, e, old.path, f.progress)
			if err != nil {
				return nil, err
			}
			if done {
				f.en.got[i] = true
				continue
			}
			f.en.meter.know(f.there)
		}
		left = append(left, i)
	}
	return left, nil
}

// progress notes that so many bytes of what was missing came.
func (f *treeFetch) progress(n int) {
	f.there += int64(n)
	f.en.meter.went.Add(int64(n))
	f.en.meter.know(f.there)
}

// run fetches files that lie one behind the other in a pack.
func (f *treeFetch) run(files []int, begun map[int]int64, from, to int64) error {
	t := f.en.t
	own, pack := true, f.list[files[0]].Pack
	if pack > 0 {
		p := &t.File.Folder.Earlier[pack-1]
		own, t.Message, t.File.URL, t.File.Key = false, p.Message, p.URL, p.Key
	}
	keys, err := seal.ParseFileKeys(t.File.Key)
	if err != nil {
		return err
	}
	// Files with nothing in them need no byte.
	next, pos := 0, from
	advance := func() error {
		for next < len(files) {
			e := &f.list[files[next]]
			if pos < e.At+e.Size {
				return nil
			}
			if err := f.close(files[next], e, begun[files[next]]); err != nil {
				return err
			}
			delete(begun, files[next])
			next++
		}
		return nil
	}
	if err := advance(); err != nil || pos >= to {
		return err
	}
	take := func(b []byte) error {
		for len(b) > 0 {
			i := files[next]
			e := &f.list[i]
			if gap := e.At + begun[i] - pos; gap > 0 {
				gap = min(gap, int64(len(b)))
				b, pos = b[gap:], pos+gap
				continue
			}
			n := min(int64(len(b)), e.At+e.Size-pos)
			if err := f.tree.write(f.ctx, i, e, begun[i], b[:n]); err != nil {
				return err
			}
			f.en.meter.moved.Store(true)
			f.progress(int(n))
			b, pos = b[n:], pos+n
			if err := advance(); err != nil {
				return err
			}
		}
		return nil
	}
	renewed := func(address string) {
		if own {
			f.setURL(f.en, address)
			return
		}
		t := f.en.t
		d := *t.File.Folder
		d.Earlier = slices.Clone(d.Earlier)
		d.Earlier[pack-1].URL = address
		t.File.Folder = &d
		f.set(f.en, t)
	}
	err = f.renewing(f.ctx, t, renewed, func(h Handler, address string) error {
		w := &window{from: pos, to: to, take: take}
		return fetchRange(f.ctx, h, &DownloadRequest{URL: address, Conversation: t.Conversation, Progress: func(int64) { f.en.meter.touch() }}, keys, w)
	})
	flushed := f.tree.flush()
	if errors.Is(err, seal.ErrSealed) || errors.Is(err, errMismatch) {
		if pos > from {
			f.en.mismatches = 0
		}
		return f.en.again("What arrived is not what was sent. The rest is fetched once more.",
			"What arrived is not what was sent, twice, and was refused. Ask for the folder to be sent again.", err)
	}
	return cmp.Or(err, flushed)
}

// close gives a file that is whole its place; one that is not what the list says is
// thrown away, and the others go on.
func (f *treeFetch) close(i int, e *chat.TreeEntry, begun int64) error {
	ok, err := f.tree.finish(f.ctx, i, e, begun)
	if err != nil {
		return err
	}
	if !ok && begun > 0 { // what lay here of it may have been torn
		return f.en.again("What was here of “"+shortPath(e.Path)+"” was damaged. It is fetched once more.",
			"“"+shortPath(e.Path)+"” in this folder is not what its list says. Ask for the folder to be sent again.", errMismatch)
	}
	if !ok {
		f.wrong = append(f.wrong, e.Path)
		return nil
	}
	f.en.got[i] = true
	f.room.left(f.en.t.ID, f.en.t.File.Size-f.there)
	return nil
}
