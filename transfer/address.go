package transfer

import (
	"errors"
	"net/url"
	"strings"
)

// BaseURL reads an address that a person typed for a store: http or https,
// without credentials, query and fragment. The error is for the person.
func BaseURL(typed string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(typed))
	switch {
	case err != nil:
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		err = errors.New("no http address")
	case u.User != nil:
		return nil, Final("An address must not have a name or a password in it: it is not kept secret. Put them into their own fields.", nil)
	case u.RawQuery != "" || u.Fragment != "":
		err = errors.New("a query or a fragment")
	}
	if err != nil {
		return nil, Final("This is no address of a store: it begins with https and names a computer. Check it, then try again.", err)
	}
	return u, nil
}

// Below is the address of a name below another one.
func Below(base, name string) (string, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return "", Final("The address under which others read the files can't be used. Check the settings.", err)
	}
	return u.JoinPath(name).String(), nil
}

// NotOurs is Renewer's error for a URL of another store.
func NotOurs(err error) *Error {
	return Final("The file does not lie in the store that is set up here, so its link can't be renewed. Send the file again.", err)
}
