using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Adapters;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models.Catalog;
using LoraLab.Training.Specs;
using LoraLab.Training.Tasks;
using LoraLab.Training.Tasks.Uploads;
using LoraLab.Training.Torch;
using LoraLab.Training.Training.Memory;

namespace LoraLab.Training.Cli.Worker;

/// <summary>
/// Runs the hidden command <c>inspect</c>: answers requests, one JSON line per request and response, until stdin ends. Only
/// <c>estimate</c> and <c>export</c> load the tensor library.
/// </summary>
public static class InspectProgram
{
    /// <summary>Answers requests until stdin ends; returns the exit code.</summary>
    public static int Run(TrainerServices services, TextReader input, TextWriter output)
    {
        while (input.ReadLine() is string line)
        {
            InspectResponse response = Respond(services, line);
            output.WriteLine(JsonSerializer.Serialize(response, ContractJson.Options));
            output.Flush();
            if (response.Estimate is not null)
            {
                // The next estimate measures this process: garbage of this one must not count.
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            }
        }

        return ExitCodes.Success;
    }

    private static InspectResponse Respond(TrainerServices services, string line)
    {
        long id = 0;
        try
        {
            InspectRequest request = JsonSerializer.Deserialize<InspectRequest>(line, ContractJson.Options)!;
            id = request.Id;
            return request.Kind switch
            {
                "methods" => new() { Id = id, Methods = [.. LoraMethods.All.Select(method => method.Descriptor)] },
                "models" => new() { Id = id, Models = Models(services) },
                "datasets" => new() { Id = id, Datasets = services.Datasets.List() },
                "roots" => new() { Id = id, EmptyRoots = [.. services.Models.EmptyRoots(), .. services.Datasets.EmptyRoots()] },
                "devices" => new() { Id = id, Devices = Devices.List() },
                "estimate" => Estimate(services, id, request.Spec),
                "ranks" => new() { Id = id, ParametersByRank = services.Validator.ParametersByRank(request.Spec) },
                "export" => Export(services, id, request.Export!),
                "tokenize" => Tokenize(services, id, request.Tokenize!),
                "published" => new() { Id = id, Published = [.. PublishedDataset.Names] },
                "rows" => Rows(services, id, request.Rows!),
                "upload" => Upload(services, id, request.Upload!),
                "validate" => new() { Id = id, Validation = services.Validator.Validate(request.Spec) },
                _ => new() { Id = id, Error = $"The trainer does not support the request '{request.Kind}'." },
            };
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The process answers the requests of all pages and lists; one that fails must not end it.
            return new() { Id = id, Error = CommandEnd.Sentence(e) ?? e.Message };
        }
    }

    private static InspectResponse Export(TrainerServices services, long id, ExportRequest request)
    {
        TorchRuntime.EnsureLoaded();
        string folder = services.Adapters.Find(request.Run);
        return new() { Id = id, ChangedBase = PeftAsTrained.Write(folder, AdapterOrigin.Spec(folder), request.Folder) };
    }

    private static ModelEntry[] Models(TrainerServices services)
    {
        ModelFit fit = new(services.Configuration.MemoryBudgetMb);
        return [.. services.Models.List().Select(entry => entry.Usable ? fit.Add(entry, services.Models.Find(entry.Name).Config) : entry)];
    }

    private static InspectResponse Tokenize(TrainerServices services, long id, TokenizeRequest request)
    {
        try
        {
            ModelTokenizer tokenizer = services.Models.TokenizerAlone(request.Model);
            IEnumerable<int[]> texts = request.Texts.Select(text => tokenizer.Tokenizer.Encode(text, request.AddSpecialTokens));
            return new()
            {
                Id = id,
                Tokens = new([.. texts.Select(ids => new TokenizedText(ids, [.. ids.Select(tokenizer.Tokenizer.PieceOf)]))]),
            };
        }
        catch (RunFailure failure)
        {
            return new() { Id = id, FieldError = new("model", failure.Message) };
        }
    }

    private static InspectResponse Rows(TrainerServices services, long id, DatasetRowsRequest request)
    {
        try
        {
            Dataset dataset = services.Datasets.Read(request.Dataset);
            bool evaluation = request.Split == DatasetRows.Eval;
            DatasetEntry entry = dataset.Entry;
            return new()
            {
                Id = id,
                Rows = new(
                    request.Dataset,
                    request.Split,
                    evaluation ? entry.EvalRows : entry.TrainRows,
                    dataset.Rows(evaluation, request.Offset, request.Limit)),
            };
        }
        catch (RunFailure failure)
        {
            return new() { Id = id, FieldError = new("name", failure.Message) };
        }
    }

    private static InspectResponse Upload(TrainerServices services, long id, UploadRequest request)
    {
        try
        {
            return new() { Id = id, Upload = new UploadPreview(request, services.Models, services.Datasets).Read() };
        }
        catch (RunFailure failure)
        {
            return new() { Id = id, FieldError = new(failure.Field ?? "file", failure.Message) };
        }
    }

    private static InspectResponse Estimate(TrainerServices services, long id, JsonNode? json)
    {
        SpecValidation validation = services.Validator.Validate(json);
        if (validation.Spec is not RunSpec spec)
        {
            return new() { Id = id, Validation = validation };
        }

        try
        {
            return new() { Id = id, Estimate = services.Memory().Estimate(spec) };
        }
        catch (RunFailure failure)
        {
            return new() { Id = id, Validation = new() { Errors = [new(failure.Field ?? "spec", failure.Message)] } };
        }
    }
}
