package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"satchel/chat"
)

const (
	bigOnes  = 10
	bigSize  = 2 << 30
	tinySize = 20 << 10
	tinyOnes = 20
	leave    = 6 << 30 // bytes of the disk that stay free
)

// queue tells how long files of 20 KB take that are queued behind ten of 2 GB, from
// SendFiles until the other person has the message, and until they have the file.
func queue(ctx context.Context, dir string) error {
	p, err := newPair(ctx, dir)
	if err != nil {
		return err
	}
	defer p.close()
	// The relay takes the room of those that are under way at once.
	var disk unix.Statfs_t
	if err := unix.Statfs(dir, &disk); err != nil {
		return err
	}
	size := min(bigSize, max(64<<20, (int64(disk.Bavail)*disk.Bsize-leave)/bigOnes))
	paths := make([]string, bigOnes)
	for i := range paths {
		paths[i] = filepath.Join(dir, fmt.Sprintf("big-%d.bin", i))
		f, err := os.Create(paths[i])
		if err != nil {
			return err
		}
		if err := errors.Join(f.Truncate(size), f.Close()); err != nil {
			return err
		}
	}
	if _, err := p.ana.SendFiles(ctx, p.conv, paths, chat.Content{Kind: chat.KindMessage}); err != nil {
		return err
	}
	if err := p.underWay(ctx); err != nil {
		return err
	}
	var there, fetched []time.Duration
	for i := range tinyOnes {
		path := filepath.Join(dir, fmt.Sprintf("tiny-%d.bin", i))
		if err := random(path, tinySize, uint64(i)); err != nil {
			return err
		}
		began := time.Now()
		sent, err := p.send(ctx, path)
		if err != nil {
			return err
		}
		there = append(there, time.Since(began))
		if err := p.fetch(ctx, sent); err != nil {
			return err
		}
		fetched = append(fetched, time.Since(began))
	}
	moving, err := p.moving()
	if err != nil {
		return err
	}
	if moving == 0 {
		return errors.New("the big files were through before the small ones")
	}
	p.ana.CancelAllTransfers()
	fmt.Printf("queue: a file of 20 KB behind %d of %.1f GB (%d under way): its message is there after %v (p50), %v (longest of %d), the file after %v, %v\n",
		bigOnes, float64(size)/(1<<30), moving, median(there).Round(time.Millisecond), percentile(there, 1).Round(time.Millisecond), tinyOnes,
		median(fetched).Round(time.Millisecond), percentile(fetched, 1).Round(time.Millisecond))
	return nil
}

// underWay waits until a file of Ana's moves.
func (p *pair) underWay(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patient)
	defer cancel()
	for {
		if n, err := p.moving(); n > 0 || err != nil {
			return err
		}
		select {
		case <-time.After(every):
		case <-ctx.Done():
			return errors.New("no file began to move")
		}
	}
}

// moving is how many files of Ana's move.
func (p *pair) moving() (n int, err error) {
	all, err := p.ana.Transfers()
	for _, t := range all {
		if t.State == chat.TransferMoving {
			n++
		}
	}
	return n, err
}
