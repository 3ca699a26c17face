"""How features and answers move when the picture is shifted, enlarged and turned (Fig. 5), while one does it."""
