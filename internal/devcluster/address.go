package devcluster

import "net"

// FreeAddress is an address of this machine that nobody listens on, for a program beside a cluster that is to be told
// one before it starts.
func FreeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}
