using System.CommandLine;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Catalog;
using LoraLab.Training.Models.Generation;
using LoraLab.Training.Specs;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Cli;

/// <summary>The command <c>generate</c>, which continues a prompt greedily with a model, with or without an adapter.</summary>
internal static class GenerateCommand
{
    public static Command Create(TrainingConfiguration configuration)
    {
        Option<string?> model = new("--model") { Description = "Model by name (default: that of the adapter)." };
        Option<string?> adapter = AdapterOption.Create(" (default: none, the base model)");
        Option<string> prompt = new("--prompt") { Description = "Text to continue.", Required = true };
        Option<int> maxTokens = new("--max-tokens") { Description = "Maximum number of tokens.", Required = true };
        Command command = new("generate", "Continue a prompt with the most probable tokens and print them as JSON.")
        {
            model, adapter, prompt, maxTokens,
        };
        command.SetAction(result => Run(
            configuration,
            result.GetValue(model),
            result.GetValue(adapter),
            result.GetRequiredValue(prompt),
            result.GetRequiredValue(maxTokens)));
        return command;
    }

    private static int Run(TrainingConfiguration configuration, string? model, string? adapter, string prompt, int maxTokens)
    {
        if (maxTokens < 1)
        {
            throw RunFailure.BadData($"--max-tokens is {maxTokens}; it must be at least 1.", "max-tokens");
        }

        if (model is null && adapter is null)
        {
            throw RunFailure.BadData("--model or --adapter is needed; name the model that continues the prompt.", "model");
        }

        TrainerServices services = new(configuration, TimeProvider.System, allowPaths: true);
        return AdapterOption.Run(() =>
        {
            string? folder = adapter is null ? null : services.Adapters.Find(adapter);
            using IDisposable pins = services.Preparation().Pin(folder is null ? null : AdapterOrigin.Fingerprint(folder));
            ResolvedModel resolved = services.Models.Find(
                model ?? AdapterOrigin.Spec(folder!)?.Model ?? AdapterOption.BaseModel(services, folder!, null));
            Print(services.Models.Tokenizer(resolved), resolved, folder, prompt, maxTokens);
            return ExitCodes.Success;
        });
    }

    private static void Print(ModelTokenizer tokenizer, ResolvedModel resolved, string? adapter, string prompt, int maxTokens)
    {
        int[] promptIds = tokenizer.Tokenizer.Encode(prompt);
        LlamaConfig config = resolved.Config;
        if (promptIds.Length == 0)
        {
            throw RunFailure.BadData("--prompt has no token to continue; give it a text.", "prompt");
        }

        if (promptIds.Length + maxTokens > config.LongestText)
        {
            throw RunFailure.BadData(
                $"The prompt has {promptIds.Length} tokens, which with --max-tokens {maxTokens} is more than the {config.LongestText} of "
                    + $"the model '{resolved.Name}'; shorten the prompt or set fewer tokens.",
                "max-tokens");
        }

        TorchRuntime.EnsureLoaded();
        Device device = DeviceChoice.Resolve("auto");
        Precision precision = PrecisionRule.Resolve(Precision.Auto, device, config.ParameterCount);
        using LlamaModel model = LlamaLoader.Load(resolved.Folder, config, PrecisionRule.Dtype(precision), device);
        if (adapter is not null)
        {
            PeftImport.Attach(adapter, [.. model.Linears]);
        }

        IReadOnlySet<int> stop = StopTokens.Of(resolved.Folder);
        GenerationSettings settings = new(maxTokens) { StopIds = stop, Tokenizer = tokenizer.Tokenizer };
        GeneratedText generated = TextGeneration.Run(model, [promptIds], settings, CancellationToken.None)[0];
        Console.WriteLine(JsonSerializer.Serialize(
            new { promptIds, ids = generated.Ids, text = generated.Text, stop = generated.StopName }, ContractJson.Indented));
    }
}
