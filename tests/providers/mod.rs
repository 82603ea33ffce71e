//! What every provider's adapter must understand, and the particulars of each.

mod contract;
mod digitalocean;
mod fixture;
mod robust;
