"""What happens next: pure rules over plain values. No I/O, no clock, no ids of its own."""
