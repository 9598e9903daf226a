// Package site has no code: hugo.toml, layouts and assets make a site of the documents, and the tests look at what was made, as HTML and in a
// browser. It is a module of its own for what they need.
package site
