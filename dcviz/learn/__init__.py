"""Eleven short lessons around prepared runs that ship with the package."""
