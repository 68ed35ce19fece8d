// Package names compares names of people, organisations and vessels across spellings,
// orders and scripts, and finds those in a large list that a name may mean. Pure.
package names
