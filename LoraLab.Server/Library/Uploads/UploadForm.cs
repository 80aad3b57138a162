namespace LoraLab.Server.Library.Uploads;

/// <summary>The parts of an upload, for the API document: the body is read as a stream.</summary>
internal sealed record UploadForm
{
    /// <summary>Name of the dataset.</summary>
    public required string Name { get; init; }

    /// <summary>The rows, from which evaluation rows are split off; instead of train and eval.</summary>
    public IFormFile? File { get; init; }

    /// <summary>The training rows.</summary>
    public IFormFile? Train { get; init; }

    /// <summary>The evaluation rows.</summary>
    public IFormFile? Eval { get; init; }

    /// <summary>What the files mean, a dataset.json; what it leaves out is found in the files.</summary>
    public string? Manifest { get; init; }

    /// <summary>Seed of the split where there is no evaluation file; by default 42.</summary>
    public int? Seed { get; init; }

    /// <summary>Model whose context the rows must fit.</summary>
    public string? Model { get; init; }
}
