"""`kaireon audit`: what an operator has the installation prove about itself."""
