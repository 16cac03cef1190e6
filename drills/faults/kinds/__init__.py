"""Every kind of fault, one file each; `drills.faults.registry` lists them."""
