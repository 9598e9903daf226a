// Package controllers puts the two controllers into a manager: phonemethod, which reconciles the
// phones of one user at a time, and entratenant, which connects the tenants that users are in. It
// says what the manager's cache keeps.
package controllers
