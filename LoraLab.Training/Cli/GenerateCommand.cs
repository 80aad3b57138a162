using System.CommandLine;
using System.Globalization;
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

/// <summary>The command <c>generate</c>, which continues a prompt with a model, with or without an adapter.</summary>
internal static class GenerateCommand
{
    public static Command Create(TrainingConfiguration configuration)
    {
        Option<string?> model = new("--model") { Description = "Model by name (default: that of the adapter)." };
        Option<string?> adapter = AdapterOption.Create(" (default: none, the base model)");
        Option<string> prompt = new("--prompt") { Description = "Text to continue.", Required = true };
        Option<int> maxTokens = new("--max-tokens") { Description = "Maximum number of tokens.", Required = true };
        Option<double?> temperature = new("--temperature")
        {
            Description = "Draw each token, with the logits divided by this (default: the most probable token).",
        };
        Option<double?> topP = new("--top-p")
        {
            Description = "Draw from the fewest tokens that together have this probability (default: 1, all tokens).",
        };
        Option<long> seed = new("--seed") { Description = "Seed of the draws (default: 0)." };
        Command command = new("generate", "Continue a prompt and print the tokens as JSON.")
        {
            model, adapter, prompt, maxTokens, temperature, topP, seed,
        };
        command.SetAction(result => Run(
            configuration,
            result.GetValue(model),
            result.GetValue(adapter),
            result.GetRequiredValue(prompt),
            Settings(
                result.GetRequiredValue(maxTokens), result.GetValue(temperature), result.GetValue(topP), result.GetValue(seed))));
        return command;
    }

    private static GenerationSettings Settings(int maxTokens, double? temperature, double? topP, long seed)
    {
        if (maxTokens < 1)
        {
            throw RunFailure.BadData($"--max-tokens is {maxTokens}; it must be at least 1.", "max-tokens");
        }

        if (temperature is not (null or (>= 0 and < double.PositiveInfinity)))
        {
            throw RunFailure.BadData($"--temperature is {Number(temperature.Value)}; it must be 0 or above.", "temperature");
        }

        if (topP is not (null or (> 0 and <= 1)))
        {
            throw RunFailure.BadData($"--top-p is {Number(topP.Value)}; it must be above 0 and at most 1.", "top-p");
        }

        return topP is not null && temperature is null
            ? throw RunFailure.BadData("--top-p limits the tokens that are drawn from; add --temperature, or leave it out.", "top-p")
            : new(maxTokens) { Temperature = temperature, TopP = topP ?? 1, Seed = seed };

        static string Number(double value) => value.ToString(CultureInfo.InvariantCulture);
    }

    private static int Run(
        TrainingConfiguration configuration, string? model, string? adapter, string prompt, GenerationSettings settings)
    {
        if (model is null && adapter is null)
        {
            throw RunFailure.BadData("--model or --adapter is needed; name the model that continues the prompt.", "model");
        }

        TrainerServices services = new(configuration, TimeProvider.System, allowPaths: true);
        return AdapterOption.Run(() =>
        {
            if (adapter is not null && services.Adapters.FindModel(adapter) is string trained)
            {
                ResolvedModel own = model is null
                    ? ModelCatalog.OfFolder(adapter, trained)
                    : throw RunFailure.BadData(
                        $"--model: {adapter} trained all weights, so that it has a model of its own; omit it.", "model");
                Print(services.Models.Tokenizer(own), own, null, prompt, settings);
                return ExitCodes.Success;
            }

            string? folder = adapter is null ? null : services.Adapters.Find(adapter);
            using IDisposable pins = services.Preparation().Pin(folder is null ? null : AdapterOrigin.Fingerprint(folder));
            ResolvedModel resolved = services.Models.Find(
                model ?? AdapterOrigin.Spec(folder!)?.Model ?? AdapterOption.BaseModel(services, folder!, null));
            Print(services.Models.Tokenizer(resolved), resolved, folder, prompt, settings);
            return ExitCodes.Success;
        });
    }

    private static void Print(
        ModelTokenizer tokenizer, ResolvedModel resolved, string? adapter, string prompt, GenerationSettings settings)
    {
        int[] promptIds = tokenizer.Tokenizer.Encode(prompt);
        RunSpec? trained = adapter is null ? null : AdapterOrigin.Spec(adapter);
        LlamaConfig config = resolved.Config.WithBase(trained?.BaseWeights ?? BaseWeights.AsStored);
        if (promptIds.Length == 0)
        {
            throw RunFailure.BadData("--prompt has no token to continue; give it a text.", "prompt");
        }

        if (promptIds.Length + settings.MaxTokens > config.LongestText)
        {
            throw RunFailure.BadData(
                $"The prompt has {promptIds.Length} tokens, which with --max-tokens {settings.MaxTokens} is more than the "
                    + $"{config.LongestText} of the model '{resolved.Name}'; shorten the prompt or set fewer tokens.",
                "max-tokens");
        }

        TorchRuntime.EnsureLoaded();
        Device device = DeviceChoice.Resolve("auto");
        DeviceTrial.Require(device);
        Precision precision = PrecisionRule.Resolve(Precision.Auto, device, config.ParameterCount);
        using LlamaModel model = LlamaLoader.Load(resolved.Folder, config, PrecisionRule.Dtype(precision), device);
        if (adapter is not null)
        {
            PeftImport.Attach(adapter, [.. model.Linears]);
            QuantizedResidual.Restore(trained, model.Linears);
        }

        settings = settings with { StopIds = StopTokens.Of(resolved.Folder), Tokenizer = tokenizer.Tokenizer };
        GeneratedText generated = TextGeneration.Run(model, [promptIds], settings, CancellationToken.None)[0];
        Console.WriteLine(JsonSerializer.Serialize(
            new { promptIds, ids = generated.Ids, text = generated.Text, stop = generated.StopName }, ContractJson.Indented));
    }
}
