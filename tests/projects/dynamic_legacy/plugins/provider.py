def dynamic_metadata(field, settings, project=None):
    return "from a provider"
