// Command probe tells what a program in a container may do.
package main

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

func main() {
	fmt.Printf("uid %d, gid %d, pid %d\n", os.Getuid(), os.Getgid(), os.Getpid())
	fmt.Println("arguments", os.Args[1:])
	var own [2]unix.CapUserData
	if err := unix.Capget(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &own[0]); err != nil {
		fmt.Println("capget:", err)
	}
	fmt.Println("capabilities", own)
	set, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
	fmt.Println("no new privileges", set, err)
	set, err = unix.PrctlRetInt(unix.PR_CAPBSET_READ, unix.CAP_CHOWN, 0, 0, 0)
	fmt.Println("chown to be had", set, err)
	files, err := os.ReadDir("/")
	var names []string
	for _, f := range files {
		names = append(names, f.Name())
	}
	fmt.Println("root", names, err)
	fmt.Println("write:", os.WriteFile("/tmp/file", nil, 0o600))
	shown, err := os.ReadFile(os.Getenv("SHOWN"))
	fmt.Printf("shown %q %v\n", shown, err)
	fmt.Println("write shown:", strings.TrimPrefix(fmt.Sprint(os.WriteFile(os.Getenv("SHOWN"), nil, 0o600)), "open "+os.Getenv("SHOWN")+": "))
	fmt.Println("mount:", unix.Mount("", "/", "", unix.MS_REMOUNT|unix.MS_BIND, ""))
	for _, e := range os.Environ() {
		if strings.HasPrefix(e, "CONFINE_") {
			fmt.Println("in the environment:", e)
		}
	}
	os.Exit(3)
}
