// Package command is the messenger at a prompt: the commands of satchelctl, run
// against a session, and the control socket by which they reach a session that
// another program has open.
//
// cmd/satchelctl calls Main. A program that keeps a session open, as the desktop
// does, calls Serve, so that satchelctl works beside it. A command is the same
// code in both places.
//
// # Which process does the work
//
// A profile belongs to one process at a time. The first satchelctl opens it, runs
// its command and, as long as that takes, serves PROFILE/control.sock. Another one
// hands its command line, its working folder and a name for the run to that
// socket, writes what comes back, and exits with the code that comes back. When
// the owner goes away in the middle, the other one opens the profile itself and
// runs its command again under the same run: the ids of the messages that a run
// sends follow from its name, lines that were written are left out, and so
// nothing is sent or printed twice.
//
// A program that stays opens its profile with Open: a satchelctl that has it
// then gives it up, and goes on in the same way by the newcomer's socket.
//
// # A send that was interrupted
//
// What `send` could not deliver stays in the profile and goes out the next time
// the profile connects. When a send is repeated while an identical one is still
// pending there (the same conversation, text, title and location, and for a file
// the same path, size and modification time), that one is continued, and no
// second message is made. Two identical sends that run at the same time, and an
// identical one after the first was acknowledged, are two messages.
package command
