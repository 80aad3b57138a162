using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Tests.Support;

namespace LoraLab.Tests.Server.Storage;

/// <summary>
/// <c>Assets/v0.1-data.zip</c>: the data directory of a server of version 0.1 that was killed with its worker in the middle of a run in
/// fp16, and <c>expected.json</c>, that server's responses, and the results of the same run without an interruption. Created by
/// <c>scripts/make-upgrade-data.py</c>.
/// </summary>
internal sealed class EarlierData : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly JsonObject _expected;

    /// <summary>Unpacks a copy.</summary>
    /// <param name="hasDatabase">False: only with the files beside the database.</param>
    public EarlierData(bool hasDatabase)
    {
        ZipFile.ExtractToDirectory(
            System.IO.Path.Combine(Fixtures.RepositoryRoot, "LoraLab.Tests", "Server", "Storage", "Assets", "v0.1-data.zip"), _folder.Path);
        _expected = JsonNode.Parse(File.ReadAllText(System.IO.Path.Combine(_folder.Path, "expected.json")))!.AsObject();
        foreach (string file in hasDatabase ? [] : Directory.GetFiles(Path, "loralab*.db"))
        {
            File.Delete(file);
        }
    }

    public string Path => System.IO.Path.Combine(_folder.Path, "data");

    /// <summary>The run that was interrupted.</summary>
    public string Interrupted => (string)_expected["interrupted"]!;

    /// <summary>Requests with an Idempotency-Key, and the id in each response.</summary>
    public IEnumerable<(string Path, string Key, string Body, string Id)> Answers =>
        _expected["answers"]!.AsArray()
            .Select(answer => ((string)answer!["path"]!, (string)answer["key"]!, answer["body"]!.ToJsonString(), (string)answer["id"]!));

    /// <summary>The series of completed runs.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, MetricSeries>> Metrics =>
        Read<Dictionary<string, IReadOnlyDictionary<string, MetricSeries>>>(_expected["metrics"]).ToDictionary();

    public JsonObject Undisturbed => _expected["undisturbed"]!.AsObject();

    /// <summary>The items of a list: <c>runs</c>, <c>studies</c> or <c>sweeps</c>.</summary>
    public IReadOnlyList<T> Listed<T>(string what) => Read<IReadOnlyList<T>>(_expected[what]);

    /// <summary>The same documents as they were written.</summary>
    public IReadOnlyList<JsonNode> ListedJson(string what) => [.. _expected[what]!.AsArray().Select(document => document!)];

    public static T Read<T>(JsonNode? node) => node.Deserialize<T>(ContractJson.Options)!;

    public void Dispose() => _folder.Dispose();
}
