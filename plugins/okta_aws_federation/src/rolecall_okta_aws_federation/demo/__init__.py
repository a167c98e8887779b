"""The main job against an embedded Okta simulator, over real HTTP, command by command."""
