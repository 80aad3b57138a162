namespace LoraLab.SampleMaker.Small;

/// <summary>A small bundled dataset: its folder below <c>samples/datasets</c> and the texts of its files.</summary>
/// <param name="Name">Name of the dataset and of its folder.</param>
/// <param name="Files">Text by file name, <c>dataset.json</c> among them.</param>
internal sealed record SmallDataset(string Name, IReadOnlyDictionary<string, string> Files)
{
    /// <summary>All small datasets, generated from a seed.</summary>
    public static IReadOnlyList<SmallDataset> All(ulong seed)
        => [TopicData.Generate(seed), PairData.Generate(seed), InstructionData.Generate(seed)];

    /// <summary>Writes the files.</summary>
    public void Write(string samples)
    {
        string folder = Directory.CreateDirectory(Path.Combine(samples, "datasets", Name)).FullName;
        foreach ((string file, string text) in Files)
        {
            File.WriteAllText(Path.Combine(folder, file), text);
        }
    }
}
