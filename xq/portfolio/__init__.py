"""Sizing, costs and accounting, shared by simulation and live trading."""
