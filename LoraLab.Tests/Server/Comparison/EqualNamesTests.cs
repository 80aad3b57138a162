using LoraLab.Contracts;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Runs;
using Xunit;

namespace LoraLab.Tests.Server.Comparison;

/// <summary>Runs of one name are told apart by their ids in a comparison and all its exports.</summary>
[Collection(nameof(SharedServer))]
public sealed class EqualNamesTests(ScriptedServer fixture)
{
    [Fact]
    public async Task Export_TwoRunsOfOneName_HaveDifferentLabelsInEveryFormat()
    {
        ScriptedRuns runs = new(fixture.Api);
        RunDocument first = await runs.RunAsync("", seed: 1, change: spec => spec["name"] = "=twin_a");
        RunDocument second = await runs.RunAsync("", seed: 2, change: spec => spec["name"] = "=twin_a");
        RunDocument other = await runs.RunAsync("", seed: 3, change: spec => spec["name"] = "other");
        string query = $"{ApiRoutes.Compare}/export?runs={first.Id},{second.Id},{other.Id}&format=";

        CompareDocument document = await runs.CompareAsync(first, second, other);
        Assert.Equal([$"=twin_a ({first.Id})", $"=twin_a ({second.Id})", "other"], document.Rows.Select(row => row.Label));
        Assert.Equal(["=twin_a", "=twin_a", "other"], document.Rows.Select(row => row.Name));

        string tex = await fixture.Server.Http.GetStringAsync(query + "tex");
        Assert.Contains($"=twin\\_a ({first.Id}) & lora", tex, StringComparison.Ordinal);
        Assert.Contains($"=twin\\_a ({second.Id}) & lora", tex, StringComparison.Ordinal);

        IReadOnlyList<string>[] table = [.. CsvRows.Read(await fixture.Server.Http.GetStringAsync(query + "csv"))];
        int label = table[0].ToList().IndexOf("label");
        Assert.Equal(document.Rows.Select(row => row.Label), table[1..].Select(cells => cells[label]));

        string pairs = await fixture.Server.Http.GetStringAsync(query + "csv&table=pairs");
        Assert.Contains($",'=twin_a ({first.Id}),'=twin_a ({second.Id}),", pairs, StringComparison.Ordinal);
        string json = await fixture.Server.Http.GetStringAsync(query + "json");
        Assert.Contains($"\"label\": \"=twin_a ({second.Id})\"", json, StringComparison.Ordinal);
    }
}
