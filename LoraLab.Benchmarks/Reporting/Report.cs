using System.Text.Json;
using LoraLab.Benchmarks.Protocol;
using LoraLab.Contracts;

namespace LoraLab.Benchmarks.Reporting;

/// <summary>The results of one invocation as a JSON file and as a Markdown table.</summary>
/// <param name="Conditions">Machine and settings.</param>
/// <param name="Findings">Rows of the results.</param>
internal sealed record Report(Conditions Conditions, IReadOnlyList<Finding> Findings)
{
    /// <summary>Name of the JSON file.</summary>
    public const string JsonFile = "benchmarks.json";

    /// <summary>Name of the Markdown file.</summary>
    public const string MarkdownFile = "benchmarks.md";

    /// <summary>Writes both files.</summary>
    public void Write(string folder)
    {
        File.WriteAllText(Path.Combine(folder, JsonFile), JsonSerializer.Serialize(this, ContractJson.Indented) + "\n");
        File.WriteAllText(Path.Combine(folder, MarkdownFile), MarkdownTable.Write(this));
    }
}
