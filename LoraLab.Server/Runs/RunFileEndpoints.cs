using System.ComponentModel.DataAnnotations;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Runs.Adapters;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.RunDirectories;
using LoraLab.Server.Workers;

namespace LoraLab.Server.Runs;

/// <summary>Files of a run: predictions, log, fingerprint, adapter.</summary>
internal static class RunFileEndpoints
{
    private const int MaximumChunk = 1 << 20;
    private const int MaximumRows = 1000;
    private const int MaximumText = 1000;
    private const string Right = "right", Wrong = "wrong", Confident = "confident", Flipped = "flipped";
    private const string Converted = "converted", AsTrained = "asTrained";

    public static void MapRunFiles(this RouteGroupBuilder runs)
    {
        runs.MapGet("/{id}/predictions", Predictions).Produces<PredictionSet>(200, "application/json", "text/csv").Produces(304)
            .ProducesProblem(412).WithSummary("Predictions of one evaluation with the texts of its rows, whole or filtered and in pages");
        runs.MapGet("/{id}/logs", Logs).Produces<LogChunk>(200, "application/json", "text/plain")
            .WithSummary("The log, by byte offset");
        runs.MapGet("/{id}/fingerprint", Fingerprint).Produces<RunFingerprint>()
            .WithSummary("The run's actual inputs: hashes of weights, tokenizer, prompt, rows and factors; and the paper's own figures");
        runs.MapGet("/{id}/adapter", AdapterAsync).Produces<Stream>(200, "application/zip").ProducesProblem(503)
            .WithSummary("The adapter of the last step or of the best evaluation in the PEFT layout, as a zip: converted to the original "
                + "base, or as it was trained; of a run that trained all weights, the model");
    }

    private static IResult Predictions(
        string id,
        [RegularExpression("^(last|best|[0-9]{1,10})$")] string? step,
        [AllowedValues("all", Right, Wrong, Confident, Flipped)] string? show,
        [MaxLength(MaximumText)] string? label,
        [MaxLength(MaximumText)] string? predicted,
        [MaxLength(MaximumText)] string? q,
        [AllowedValues("row", "margin", "loss")] string? sort,
        [Range(0, int.MaxValue)] int? offset,
        [Range(1, MaximumRows)] int? limit,
        bool? history,
        HttpRequest request,
        IRunStore store,
        PredictionFiles files)
    {
        StoredRun run = store.Find(id) ?? throw ApiFailure.NoRun(id);
        (int at, string path) = files.Find(run.Document, step ?? "last");
        if (Prefers(request, "text/csv"))
        {
            return TypedResults.PhysicalFile(path, "text/csv; charset=utf-8", $"{id}-step-{at}.csv");
        }

        string? shown = Word("show", show, "all", Right, Wrong, Confident, Flipped);
        return TypedResults.Ok(files.Read(run.Document, at, path, new PredictionQuery
        {
            Correct = shown switch { Right => true, Wrong or Confident => false, _ => null },
            Confident = shown == Confident,
            Flipped = shown == Flipped,
            History = history == true,
            Label = Given("label", label),
            Predicted = Given("predicted", predicted),
            Text = Given("q", q),
            Order = Word("sort", sort, "row", "margin", "loss") switch
            {
                "margin" => PredictionOrder.Margin,
                "loss" => PredictionOrder.Loss,
                _ => PredictionOrder.Row,
            },
            Offset = offset is null or >= 0
                ? offset ?? 0
                : throw ApiFailure.Invalid("offset", $"offset is {offset}; it must not be negative."),
            Limit = limit is null or (>= 1 and <= MaximumRows)
                ? limit
                : throw ApiFailure.Invalid("limit", $"limit is {limit}; it must be between 1 and {NumberFormat.Count(MaximumRows)} rows."),
        }));
    }

    private static string? Word(string name, string? value, params string[] words) => value is null || words.Contains(value)
        ? value
        : throw ApiFailure.Invalid(name, $"{name} is \"{value}\"; it must be {string.Join(", ", words.SkipLast(1))} or {words[^1]}.");

    private static string? Given(string name, string? text) => text?.Length > MaximumText
        ? throw ApiFailure.Invalid(name, TextLimits.TooLong(name, text.Length, MaximumText))
        : string.IsNullOrEmpty(text) ? null : text;

    private static IResult Logs(
        string id,
        [Range(typeof(long), "0", "9223372036854775807")] long? offset,
        [Range(1, 10_000)] int? tail,
        [Range(1, int.MaxValue)] int? attempt,
        HttpRequest request,
        IRunStore store,
        RunLogs logs)
    {
        StoredRun run = store.Find(id) ?? throw ApiFailure.NoRun(id);
        int number = attempt ?? Math.Max(1, run.Document.Attempts.Count);
        if (offset is < 0)
        {
            throw ApiFailure.Invalid("offset", $"offset is {offset}; it must not be negative.");
        }

        if (tail is < 1 or > 10_000)
        {
            throw ApiFailure.Invalid("tail", $"tail is {tail}; it must be between 1 and 10,000 lines.");
        }

        if (number < 1 || number > Math.Max(1, run.Document.Attempts.Count))
        {
            throw ApiFailure.NoAttempt(id, number);
        }

        if (Prefers(request, "text/plain"))
        {
            string path = logs.PathOf(id, number);
            return tail is int count ? TypedResults.Text(string.Concat(logs.LastLines(id, number, count).Select(line => line + "\n")))
                : File.Exists(path) ? TypedResults.Stream(
                    new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete),
                    "text/plain; charset=utf-8")
                : TypedResults.Text("");
        }

        if (tail is int lines && offset is null)
        {
            return TypedResults.Ok(logs.ReadLastLines(id, number, lines));
        }

        return TypedResults.Ok(logs.Read(id, number, offset ?? 0, MaximumChunk));
    }

    private static IResult Fingerprint(string id, IRunStore store, LoraLabPaths paths)
    {
        StoredRun run = store.Find(id) ?? throw ApiFailure.NoRun(id);
        string path = Path.Combine(paths.RunDirectory(id), RunFiles.Fingerprint);
        if (!File.Exists(path))
        {
            throw ApiFailure.NotFound("noFingerprint", run.Document.State.IsTerminal()
                ? $"Run {id} ended before its fingerprint was taken."
                : $"Run {id} has no fingerprint yet; it is taken once model and data are loaded.");
        }

        return TypedResults.Bytes(File.ReadAllBytes(path), "application/json");
    }

    private static async Task<IResult> AdapterAsync(
        string id,
        [AllowedValues(Converted, AsTrained)] string? form,
        [AllowedValues(WhichAdapter.Last, WhichAdapter.Best)] string? which,
        HttpContext context,
        AdapterReferences adapters,
        TrainerInspector inspector,
        CancellationToken cancellationToken)
    {
        bool asTrained = Word("form", form, Converted, AsTrained) == AsTrained;
        (RunDocument run, AdapterChoice choice) = adapters.Resolve(id, WhichAdapter.Parse(which));
        string folder = adapters.Folder(run, choice);
        // Of a run that trained all weights, the result is a model.
        bool isModel = File.Exists(Path.Combine(folder, "config.json"));
        if (!asTrained || isModel)
        {
            string name = WhichAdapter.FileName(run, choice, isModel ? "model" : "adapter");
            return ZipResponse.Of(context, name, (zip, stopping) => ZipFolder.AddAsync(zip, folder, stopping));
        }

        DirectoryInfo temporary = Directory.CreateTempSubdirectory("loralab-export-");
        try
        {
            string output = Path.Combine(temporary.FullName, RunFiles.Adapter);
            string reference = new AdapterReference(run.Id, choice).Text;
            await inspector.RequestAsync(new InspectRequest { Kind = "export", Export = new(reference, output) }, cancellationToken);
            return ZipResponse.Of(context, WhichAdapter.FileName(run, choice, "adapter-as-trained"), async (zip, stopping) =>
            {
                try
                {
                    await ZipFolder.AddAsync(zip, output, stopping);
                }
                finally
                {
                    temporary.Delete(recursive: true);
                }
            });
        }
        catch
        {
            temporary.Delete(recursive: true);
            throw;
        }
    }

    private static bool Prefers(HttpRequest request, string type) =>
        request.GetTypedHeaders().Accept is { Count: > 0 } accept
        && accept.OrderByDescending(item => item.Quality ?? 1).First() is { } first
        && first.MediaType.Equals(type, StringComparison.OrdinalIgnoreCase);
}
