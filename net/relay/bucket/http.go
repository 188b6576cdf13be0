package bucket

import (
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Prefix is what a bucket's URL says behind its name, with a slash at the end,
// or empty.
func Prefix(u *url.URL) string {
	p := strings.Trim(u.Path, "/")
	if p != "" {
		p += "/"
	}
	return p
}

// Transport bounds every wait but that for bytes, which the context bounds.
func Transport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 15 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout:   15 * time.Second,
		ResponseHeaderTimeout: 5 * time.Minute, // making one object of many parts takes its time
		IdleConnTimeout:       time.Minute,
		MaxIdleConnsPerHost:   32,
		DisableCompression:    true,
		ForceAttemptHTTP2:     true,
	}
}
