package relay

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"satchel/net/relay/store"
)

// Finding is what Doctor looked at, and what it found.
type Finding struct {
	What   string   `json:"what"`
	Well   string   `json:"well,omitempty"`   // how it is, when nothing is wrong
	Wrong  []string `json:"wrong,omitempty"`  // a sentence each
	Advice string   `json:"advice,omitempty"` // the way on, when something is wrong
}

// clockSlack is how far the newest entry may lie ahead of this clock.
const clockSlack = 5 * time.Minute

// Doctor looks at the relay that keeps its things in dir and changes nothing.
// It works while that relay is served.
func Doctor(dir string, now time.Time) ([]Finding, error) {
	s, err := Look(dir)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	database := Finding{What: "database", Well: "reads whole, and its parts fit", Advice: "Stop the relay and restore a backup."}
	if database.Wrong, err = store.Check(filepath.Join(dir, databaseName)); err != nil {
		return nil, err
	}
	key := Finding{What: "key", Well: "is there", Advice: "Put relay.key back from a backup: with another one, nobody's profile fits any more."}
	if _, err := readKey(filepath.Join(dir, keyName)); err != nil {
		key.Wrong = []string{sentence(err)}
	}
	files, err := checkFiles(s, filepath.Join(dir, filesName))
	if err != nil {
		return nil, err
	}
	disk := Finding{What: "disk", Advice: "Make room: uploads are refused until then."}
	switch free, err := freeSpace(dir); {
	case err != nil:
		return nil, err
	case free < 2*minFree:
		disk.Wrong = []string{fmt.Sprintf("Only %d MiB are free.", free>>20)}
	default:
		disk.Well = fmt.Sprintf("%d MiB are free", free>>20)
	}
	clock := Finding{What: "clock", Well: "is not behind what is stored", Advice: "Set this computer's clock; times of messages go on from the newest one meanwhile."}
	all, err := s.Conversations()
	if err != nil {
		return nil, err
	}
	if len(all) > 0 && time.UnixMilli(all[0].Updated).After(now.Add(clockSlack)) {
		clock.Wrong = []string{fmt.Sprintf("The newest message is from %s, and here it is %s.", time.UnixMilli(all[0].Updated).UTC().Format(time.DateTime), now.UTC().Format(time.DateTime))}
	}
	return []Finding{database, key, files, disk, clock}, nil
}

// checkFiles compares the files on the disk with those that the store knows.
func checkFiles(s *store.Store, dir string) (Finding, error) {
	f := Finding{What: "files", Advice: "Put the files back from a backup; `satchel-relay backup` compares checksums, too."}
	all, err := s.Files()
	if err != nil {
		return f, err
	}
	whole := 0
	for _, row := range all {
		if row.Finished == 0 {
			continue
		}
		switch info, err := os.Stat(filepath.Join(dir, row.ID[:2], row.ID)); {
		case err != nil:
			f.Wrong = append(f.Wrong, fmt.Sprintf("File %s is gone.", row.ID))
		case info.Size() != row.Size:
			f.Wrong = append(f.Wrong, fmt.Sprintf("File %s has %d bytes, not %d.", row.ID, info.Size(), row.Size))
		default:
			whole++
		}
	}
	f.Well = fmt.Sprintf("%d of %d are whole, the rest is on its way", whole, len(all))
	return f, nil
}
