using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models;
using LoraLab.Training.Torch;
using Spectre.Console;
using TorchSharp;

namespace LoraLab.Training.Cli;

/// <summary>The command <c>make-model</c>, which writes a model of any Llama shape with random weights.</summary>
internal static class MakeModelCommand
{
    public static Command Create()
    {
        Option<string> like = new("--like")
        {
            Description = $"Shape: {string.Join(", ", NamedShapes.Names)}, or the path to a config.json.",
            Required = true,
        };
        Option<DirectoryInfo> output = PathOption.RequiredFolder("--out", "Output folder.");
        Option<int?> layers = new("--layers") { Description = "Number of blocks (default: as in the shape)." };
        Option<string> dtype = new("--dtype")
        {
            Description = "Precision of the weights: bf16 or fp32.",
            DefaultValueFactory = _ => "bf16",
        };
        Option<long> seed = new("--seed") { Description = "Random seed of the weights.", DefaultValueFactory = _ => 42 };
        Option<DirectoryInfo?> tokenizer = new("--tokenizer")
        {
            Description = "Folder from which to copy the tokenizer's files; a model without a tokenizer cannot be trained.",
        };
        Command command = new("make-model", "Write a model with random weights, to measure the memory and time of a real one.")
        {
            like, output, layers, dtype, seed, tokenizer,
        };
        command.SetAction(result => Run(
            result.GetRequiredValue(like),
            result.GetRequiredValue(output),
            result.GetValue(layers),
            result.GetRequiredValue(dtype),
            result.GetValue(seed),
            result.GetValue(tokenizer)));
        return command;
    }

    private static int Run(string like, DirectoryInfo output, int? layers, string dtype, long seed, DirectoryInfo? tokenizer)
    {
        JsonObject config = NamedShapes.Find(like) ?? ReadConfig(like);
        if (layers < 1)
        {
            throw RunFailure.BadData($"--layers is {layers}; it must be at least 1.");
        }

        torch.ScalarType type = dtype switch
        {
            "bf16" => torch.ScalarType.BFloat16,
            "fp32" => torch.ScalarType.Float32,
            _ => throw RunFailure.BadData($"--dtype is '{dtype}'; it must be bf16 or fp32."),
        };
        if (tokenizer is not null && TokenizerFiles.Deciding(tokenizer.FullName) is null)
        {
            throw RunFailure.BadData(
                $"{tokenizer.FullName} has neither {TokenizerFiles.Json} nor {TokenizerFiles.Model}; set --tokenizer to a folder that has "
                    + "one.");
        }

        TorchRuntime.EnsureLoaded();
        try
        {
            LlamaConfig model = RandomModel.Write(output.FullName, config, layers, type, seed);
            foreach (string file in tokenizer is null ? [] : TokenizerFiles.All)
            {
                FileInfo source = new(Path.Combine(tokenizer!.FullName, file));
                if (source.Exists)
                {
                    source.CopyTo(Path.Combine(output.FullName, file), overwrite: true);
                }
            }

            AnsiConsole.WriteLine($"Wrote {NumberFormat.Count(model.ParameterCount)} random {dtype} parameters in "
                + $"{model.Layers} blocks to {output.FullName}");
            return ExitCodes.Success;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw RunFailure.BadData($"The model could not be written to {output.FullName}: {problem.Message}", inner: problem);
        }
    }

    private static JsonObject ReadConfig(string path)
    {
        if (!File.Exists(path))
        {
            throw RunFailure.BadData(
                $"--like is '{path}', which is neither a known shape ({string.Join(", ", NamedShapes.Names)}) nor a file; "
                    + "set it to one of them or to the path "
                + "to a config.json.");
        }

        _ = LlamaConfig.ReadFile(path);
        try
        {
            return JsonNode.Parse(JsonFile.Read(path).Span)!.AsObject();
        }
        catch (Exception problem) when (problem is JsonException or IOException or UnauthorizedAccessException)
        {
            throw RunFailure.BadData($"{path} cannot be read: {problem.Message}", inner: problem);
        }
    }
}
