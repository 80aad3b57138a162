using System.Text;
using System.Text.Json.Nodes;
using LoraLab.Tests.Support;
using LoraLab.Training.Files;
using LoraLab.Training.Hub;
using Spectre.Console;

namespace LoraLab.Tests.Training.Hub;

/// <summary>A data directory into which tests pull from a <see cref="FakeHub"/>.</summary>
public abstract class PullTest : IDisposable
{
    /// <summary>The large file of the model.</summary>
    private protected const string Weights = "model.safetensors";

    private protected TemporaryFolder Data { get; } = new();

    private protected StringWriter Output { get; } = new();

    private protected string Folder => Path.Combine(Data.Path, "models", "owner", "tiny");

    private protected TrainingConfiguration Configuration => new() { Home = Data.Path, DataDirectory = Data.Path };

    private protected string Revision(string commit = FakeHub.Commit) => Path.Combine(Path.GetDirectoryName(Folder)!, ".tiny", commit);

    private protected string Part(string file) => Path.Combine(Revision() + ".part", file + ".part");

    public void Dispose()
    {
        Data.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected async Task<FakeHub> ModelAsync()
    {
        FakeHub hub = await FakeHub.StartAsync();
        hub.Arrived = path => new FileInfo(Part(path)) is { Exists: true } part ? part.Length : 0;
        hub.Files["config.json"] = Encoding.UTF8.GetBytes(HandmadeModel.Config);
        hub.Files["tokenizer.model"] = HandmadeModel.Tokenizer();
        hub.Files[Weights] = HandmadeModel.Safetensors(HandmadeModel.Weights(), bytes: 200_000);
        hub.Files["pytorch_model.bin"] = new byte[300_000];
        hub.Files["README.md"] = "read"u8.ToArray();
        hub.Files["onnx/model.safetensors"] = new byte[3000];
        return hub;
    }

    /// <summary>Puts two shards and their index in the place of the model's large file, and returns that.</summary>
    private protected static byte[] Shard(FakeHub hub)
    {
        hub.Files.Remove(Weights, out byte[]? whole);
        JsonObject map = [];
        foreach ((int shard, KeyValuePair<string, PlainTensor>[] part) in HandmadeModel.Weights().Chunk(11).Index())
        {
            string file = $"model-0000{shard + 1}-of-00002.safetensors";
            hub.Files[file] = HandmadeModel.Safetensors(part.ToDictionary());
            foreach ((string name, _) in part)
            {
                map[name] = file;
            }
        }

        hub.Files["model.safetensors.index.json"] = Encoding.UTF8.GetBytes(new JsonObject { ["weight_map"] = map }.ToJsonString());
        return whole!;
    }

    private protected static IEnumerable<string> Names(string folder) =>
        Directory.GetFiles(folder, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(folder, path)).Order(StringComparer.Ordinal);

    private protected static HubOptions Options(FakeHub hub) =>
        new() { Endpoint = hub.Address, Attempts = 3, InitialDelay = TimeSpan.Zero };

    private protected async Task<int> PullAsync(FakeHub hub, string name = "owner/tiny", HubOptions? options = null) =>
        await HubPull.RunAsync(name, Configuration, Console(), options ?? Options(hub), CancellationToken.None);

    private protected IAnsiConsole Console(bool terminal = false)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = terminal ? AnsiSupport.Yes : AnsiSupport.No,
            Interactive = terminal ? InteractionSupport.Yes : InteractionSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Out = new AnsiConsoleOutput(Output),
        });
        console.Profile.Width = 1000;
        return console;
    }

    private protected string OneLine() =>
        string.Join(' ', Output.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
