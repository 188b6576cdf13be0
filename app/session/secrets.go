package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"satchel/transfer"
)

// secretsFile is PROFILE/secrets.json, mode 0600: the secrets of stores that no
// keyring took, by name. Who changes it holds Session.storing.
type secretsFile map[string]string

func (s *Session) secretsPath() string { return filepath.Join(s.opts.Dir, "secrets.json") }

func (s *Session) readSecrets() (secretsFile, error) {
	b, err := os.ReadFile(s.secretsPath())
	if errors.Is(err, fs.ErrNotExist) {
		return secretsFile{}, nil
	}
	f := secretsFile{}
	if err == nil {
		err = json.Unmarshal(b, &f)
	}
	if err != nil {
		return nil, fmt.Errorf("read the secrets of stores: %w", err)
	}
	return f, nil
}

// keepSecret makes a secret durable under a name that was never used, in the
// keyring where there is one, and tells where it lies.
func (s *Session) keepSecret(name, secret string) (kept string, err error) {
	if toKeyring(name, []byte(secret)) {
		return inKeyring, nil
	}
	f, err := s.readSecrets()
	if err != nil {
		return "", err
	}
	f[name] = secret
	return inFile, s.writeSecrets(f)
}

func (s *Session) writeSecrets(f secretsFile) error {
	b, err := json.Marshal(f)
	if err == nil {
		err = writeSynced(s.secretsPath(), append(b, '\n'))
	}
	if err != nil {
		return fmt.Errorf("keep the secret of a store: %w", err)
	}
	return nil
}

// secretOf reads a secret back. The error is for the person.
func (s *Session) secretOf(kept, name string) (string, error) {
	var secret []byte
	var err error
	switch kept {
	case "":
		return "", nil
	case inKeyring:
		secret, err = fromKeyring(name)
	default:
		var f secretsFile
		if f, err = s.readSecrets(); err == nil {
			one, ok := f[name]
			if !ok {
				err = errors.New("it is not there")
			}
			secret = []byte(one)
		}
	}
	if err != nil {
		return "", transfer.Final("The key or password of the store can't be read on this computer. Unlock the system's keyring, or enter it again in the settings.", err)
	}
	return string(secret), nil
}

// dropSecret forgets a secret, as far as that can be done now.
func (s *Session) dropSecret(kept, name string) {
	var err error
	switch kept {
	case inKeyring:
		err = dropFromKeyring(name)
	case inFile:
		var f secretsFile
		if f, err = s.readSecrets(); err == nil {
			delete(f, name)
			err = s.writeSecrets(f)
		}
	}
	if err != nil {
		s.log.Warn("the secret of a store was not forgotten", "error", err)
	}
}
