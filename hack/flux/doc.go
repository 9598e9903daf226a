// Package flux drives the operator as Flux does, with Flux's own engine: a folder is applied, what left the folder is pruned,
// and the health of the rest is waited for. Everything is in its tests. It is a module of its own, so that the operator does
// not depend on Flux.
//
// The steps and options are those of Flux's kustomize-controller. What is around them (sources, decryption, kustomize, its own
// resources) is left out. Versions of pkg/ssa from v0.79 on need Go 1.27.
package flux
