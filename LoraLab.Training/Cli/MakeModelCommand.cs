using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models;
using LoraLab.Training.Torch;
using Spectre.Console;
using TorchSharp;

namespace LoraLab.Training.Cli;

/// <summary><c>make-model</c>: a model of any Llama shape with random weights.</summary>
internal static class MakeModelCommand
{
    private const string TokenizerFile = "tokenizer.model";

    public static Command Create()
    {
        Option<string> like = new("--like") { Description = $"Shape: {string.Join(", ", NamedShapes.Names)}, or the path of a config.json.", Required = true };
        Option<DirectoryInfo> output = new("--out") { Description = "Folder to make.", Required = true };
        Option<int?> layers = new("--layers") { Description = "Number of blocks; without it the shape's own." };
        Option<string> dtype = new("--dtype") { Description = "Precision of the file: bf16 or fp32.", DefaultValueFactory = _ => "bf16" };
        Option<long> seed = new("--seed") { Description = "Seed of the weights.", DefaultValueFactory = _ => 42 };
        Option<DirectoryInfo?> tokenizer = new("--tokenizer") { Description = $"Folder whose {TokenizerFile} is copied; without one the model cannot be trained." };
        Command command = new("make-model", "Write a model with random weights: the memory and time of a real one.") { like, output, layers, dtype, seed, tokenizer };
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
        string? vocabulary = tokenizer is null ? null : Path.Combine(tokenizer.FullName, TokenizerFile);
        if (vocabulary is not null && !File.Exists(vocabulary))
        {
            throw RunFailure.BadData($"{tokenizer!.FullName} has no {TokenizerFile}: name a folder that has one with --tokenizer.");
        }

        TorchRuntime.EnsureLoaded();
        try
        {
            LlamaConfig written = RandomModel.Write(output.FullName, config, layers, type, seed);
            if (vocabulary is not null)
            {
                File.Copy(vocabulary, Path.Combine(output.FullName, TokenizerFile), overwrite: true);
            }

            AnsiConsole.WriteLine($"{written.ParameterCount:N0} random parameters in {dtype}, {written.Layers} blocks: {output.FullName}");
            return ExitCodes.Success;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw RunFailure.BadData($"The model cannot be written to {output.FullName}: {problem.Message}", inner: problem);
        }
    }

    private static JsonObject ReadConfig(string path)
    {
        if (!File.Exists(path))
        {
            throw RunFailure.BadData($"--like is '{path}', which is neither a known shape ({string.Join(", ", NamedShapes.Names)}) nor a file: name a config.json.");
        }

        _ = LlamaConfig.ReadFile(path);
        try
        {
            return JsonNode.Parse(File.ReadAllBytes(path))!.AsObject();
        }
        catch (Exception problem) when (problem is JsonException or IOException or UnauthorizedAccessException)
        {
            throw RunFailure.BadData($"{path} cannot be read: {problem.Message}", inner: problem);
        }
    }
}
