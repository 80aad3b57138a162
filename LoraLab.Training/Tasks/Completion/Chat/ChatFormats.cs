namespace LoraLab.Training.Tasks.Completion.Chat;

/// <summary>The chat templates that LoraLab writes.</summary>
public static class ChatFormats
{
    /// <summary>ChatML (https://github.com/openai/openai-python/blob/release-v0.28.0/chatml.md), as Qwen and SmolLM2 write it.</summary>
    public static ChatFormat ChatMl { get; } = new("chatml")
    {
        System = new("<|im_start|>system\n", "<|im_end|>", "\n"),
        User = new("<|im_start|>user\n", "<|im_end|>", "\n"),
        Assistant = new("<|im_start|>assistant\n", "<|im_end|>", "\n"),
        Markers = ["<|im_start|>", "<|im_end|>"],
    };

    /// <summary>Llama 3 (https://www.llama.com/docs/model-cards-and-prompt-formats/meta-llama-3).</summary>
    public static ChatFormat Llama3 { get; } = new("llama3")
    {
        System = new("<|start_header_id|>system<|end_header_id|>\n\n", "<|eot_id|>", ""),
        User = new("<|start_header_id|>user<|end_header_id|>\n\n", "<|eot_id|>", ""),
        Assistant = new("<|start_header_id|>assistant<|end_header_id|>\n\n", "<|eot_id|>", ""),
        Trims = true,
        Markers = ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
    };

    /// <summary>Zephyr (https://huggingface.co/HuggingFaceH4/zephyr-7b-beta), also of TinyLlama-Chat.</summary>
    public static ChatFormat Zephyr { get; } = new("zephyr")
    {
        System = new("<|system|>\n", ChatFormat.End, "\n"),
        User = new("<|user|>\n", ChatFormat.End, "\n"),
        Assistant = new("<|assistant|>\n", ChatFormat.End, "\n"),
    };

    /// <summary>
    /// Gemma (https://ai.google.dev/gemma/docs/core/prompt-structure): there is no system; its message stands before the user's first, as
    /// in Gemma 3.
    /// </summary>
    public static ChatFormat Gemma { get; } = new("gemma")
    {
        SystemBehind = "\n\n",
        User = new("<start_of_turn>user\n", "<end_of_turn>", "\n"),
        Assistant = new("<start_of_turn>model\n", "<end_of_turn>", "\n"),
        Trims = true,
        Markers = ["<start_of_turn>", "<end_of_turn>"],
    };

    /// <summary>
    /// Mistral 7B Instruct 0.1 and 0.2, Mixtral 8x7B (https://docs.mistral.ai/cookbook/concept-deep-dive-tokenization-templates, version
    /// 1 of the tokenizer; the space in front is the tokenizer's).
    /// </summary>
    public static ChatFormat Mistral { get; } = new("mistral")
    {
        SystemBehind = "\n\n",
        User = new("[INST] ", " [/INST]", ""),
        Assistant = new(" ", ChatFormat.End, ""),
    };

    /// <summary>All, in the order of messages.</summary>
    public static IReadOnlyList<ChatFormat> All { get; } = [ChatMl, Llama3, Zephyr, Gemma, Mistral];

    /// <summary>
    /// Others that are recognized from a model's own template under the same names: Mistral's with version 2 or 3 of the tokenizer, with
    /// Tekken, and as Transformers documents version 1.
    /// </summary>
    internal static IReadOnlyList<ChatFormat> Variants { get; } =
    [
        Mistral with { User = new("[INST] ", "[/INST]", "") },
        Mistral with { User = new("[INST]", "[/INST]", ""), Assistant = new("", ChatFormat.End, "") },
        Mistral with { User = new(" [INST] ", " [/INST]", "") },
        Mistral with { Assistant = new("", ChatFormat.End, "") },
        Mistral with { Assistant = new("", ChatFormat.End, " ") },
    ];

    /// <summary>Their names, for messages.</summary>
    public static string Names => string.Join(", ", All.Select(format => format.Name));

    /// <summary>The format of a name; null: there is none.</summary>
    public static ChatFormat? Find(string name) => All.FirstOrDefault(format => format.Name == name);
}
