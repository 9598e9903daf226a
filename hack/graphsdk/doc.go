// Package graphsdk tests that Microsoft's own Go library for Graph can do its phone
// calls against the emulator as it would against Graph: with its default scope, its
// middleware and its batches. It is a module of its own, so that the operator does
// not depend on that library.
//
// It uses the library's core, which holds everything that goes over the wire. The
// generated models on top are 50 MB of source; to compile them takes minutes and
// 4 GB of memory, and they add only accessors. Their requests are written down here.
package graphsdk
