using System.Text.Json.Nodes;

namespace LoraLab.Contracts.Worker;

/// <summary>Uploaded files, and what the trainer is to make of them.</summary>
public sealed record UploadRequest
{
    /// <summary>Name of the dataset, for messages.</summary>
    public required string Name { get; init; }

    /// <summary>Folder of the uploaded files.</summary>
    public required string Folder { get; init; }

    /// <summary>Name of the training file in the folder.</summary>
    public required string Train { get; init; }

    /// <summary>Name of the evaluation file in the folder; null: there is none.</summary>
    public string? Eval { get; init; }

    /// <summary>What the files mean, in the form of a <c>dataset.json</c>; what it leaves out is found in the files.</summary>
    public JsonObject? Manifest { get; init; }

    /// <summary>Seed of the split where there is no evaluation file.</summary>
    public int Seed { get; init; }

    /// <summary>Model whose context the rows must fit; null: none was chosen.</summary>
    public string? Model { get; init; }

    /// <summary>
    /// Folder for <c>dataset.json</c>, and for the two parts of the training file where there is no evaluation file.
    /// </summary>
    public required string Output { get; init; }
}

/// <summary>Rows of a dataset to show.</summary>
/// <param name="Dataset">Name of the dataset.</param>
/// <param name="Split"><c>train</c> or <c>eval</c>.</param>
/// <param name="Offset">Rows to skip.</param>
/// <param name="Limit">Maximum number of rows.</param>
public sealed record DatasetRowsRequest(string Dataset, string Split, int Offset, int Limit);
