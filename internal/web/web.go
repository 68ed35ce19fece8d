// Package web answers screening questions over HTTP.
package web
