"""How a graph is drawn: its marks, by Plotly, and by Cytoscape."""
