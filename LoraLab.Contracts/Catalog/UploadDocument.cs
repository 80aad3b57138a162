namespace LoraLab.Contracts.Catalog;

/// <summary>Uploaded files that are not kept as a dataset yet; the server deletes them after a day.</summary>
public sealed record UploadDocument
{
    /// <summary>Its id.</summary>
    public required string Id { get; init; }

    /// <summary>Name that the dataset will have.</summary>
    public required string Name { get; init; }

    /// <summary>Names of the files as they were sent, the training file first.</summary>
    public IReadOnlyList<string> FileNames { get; init; } = [];

    /// <summary>Size of the files, bytes.</summary>
    public long Bytes { get; init; }

    /// <summary>Seed of the split where there is no evaluation file.</summary>
    public int Seed { get; init; }

    /// <summary>Model whose context the rows must fit; null: none was chosen.</summary>
    public string? Model { get; init; }

    /// <summary>When it was uploaded, UTC.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>What the files would be as a dataset.</summary>
    public required DatasetPreview Preview { get; init; }
}

/// <summary>Uploads that are not kept yet.</summary>
/// <param name="Items">The uploads, the latest first.</param>
public sealed record UploadList(IReadOnlyList<UploadDocument> Items);
