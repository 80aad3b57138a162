using LoraLab.Tests.Support;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tasks.Completion;
using LoraLab.Training.Tasks.Completion.Chat;
using LoraLab.Training.Tokenization;
using Xunit;

namespace LoraLab.Tests.Training.Tasks.Completion;

/// <summary>Conversations as texts, as the formats are described by those who published them, and recognized from templates in
/// Jinja.</summary>
public sealed class ChatTextTests
{
    private const string Generic =
        "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>'"
        + " + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

    private static readonly ChatMessage[] _messages =
    [
        new(ChatRole.System, "Be brief."),
        new(ChatRole.User, "Hi"),
        new(ChatRole.Assistant, "Hello!"),
        new(ChatRole.User, " And? "),
        new(ChatRole.Assistant, "Fine."),
    ];

    public static TheoryData<string, string> Texts => new()
    {
        {
            "chatml",
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello!<|im_end|>\n"
                + "<|im_start|>user\n And? <|im_end|>\n<|im_start|>assistant\nFine.<|im_end|>\n"
        },
        {
            "llama3",
            "<|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
                + "<|start_header_id|>assistant<|end_header_id|>\n\nHello!<|eot_id|>"
                + "<|start_header_id|>user<|end_header_id|>\n\nAnd?<|eot_id|>"
                + "<|start_header_id|>assistant<|end_header_id|>\n\nFine.<|eot_id|>"
        },
        {
            "zephyr",
            "<|system|>\nBe brief.</s>\n<|user|>\nHi</s>\n<|assistant|>\nHello!</s>\n<|user|>\n And? </s>\n<|assistant|>\nFine.</s>\n"
        },
        {
            "gemma",
            "<start_of_turn>user\nBe brief.\n\nHi<end_of_turn>\n<start_of_turn>model\nHello!<end_of_turn>\n<start_of_turn>user\nAnd?"
                + "<end_of_turn>\n<start_of_turn>model\nFine.<end_of_turn>\n"
        },
        { "mistral", "[INST] Be brief.\n\nHi [/INST] Hello!</s>[INST]  And?  [/INST] Fine.</s>" },
    };

    public static TheoryData<string, string> Prompts => new()
    {
        { "chatml", "<|im_start|>assistant\n" },
        { "llama3", "<|start_header_id|>assistant<|end_header_id|>\n\n" },
        { "zephyr", "<|assistant|>\n" },
        { "gemma", "<start_of_turn>model\n" },
        { "mistral", " [/INST]" },
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public void Parts_OfAFormat_AreItsPublishedText(string name, string expected)
    {
        IReadOnlyList<TextPart> parts = ChatText.Parts(ChatFormats.Find(name)!, _messages);

        Assert.Equal(expected, ChatText.Of(parts, "</s>"));
        // Targets are the answers with what ends them, and nothing else.
        string targets = string.Join('|', parts.Where(part => part.IsTarget).Select(part => part.IsEnd ? "</s>" : part.Text));
        string end = name switch { "chatml" => "<|im_end|>", "llama3" => "<|eot_id|>", "gemma" => "<end_of_turn>", _ => "</s>" };
        Assert.Equal($"Hello!|{end}|Fine.|{end}", targets);
    }

    [Theory]
    [MemberData(nameof(Prompts))]
    public void Prompt_OfAFormat_AnnouncesTheAnswer(string name, string expected)
    {
        string prompt = ChatText.Of(ChatText.Prompt(ChatFormats.Find(name)!, _messages[..^1]), "</s>");

        Assert.EndsWith(expected, prompt);
        Assert.StartsWith(prompt, ChatText.Of(ChatText.Parts(ChatFormats.Find(name)!, _messages), "</s>"));
    }

    [Fact]
    public void Recognition_TinyLlamasTemplate_IsZephyr()
    {
        ITokenizer tokenizer = TokenizerFolder.Load(Fixtures.TinyLlamaTokenizer).Tokenizer;

        Assert.Equal(ChatFormats.Zephyr, ChatRecognition.Of(tokenizer.Conventions.ChatTemplate));
        Assert.Equal((2, "</s>"), (tokenizer.EndId, tokenizer.EndToken));
    }

    [Fact]
    public void Recognition_GenericTemplate_IsChatMl() => Assert.Equal(ChatFormats.ChatMl, ChatRecognition.Of(Generic));

    [Fact]
    public void Recognition_DefaultSystemMessage_IsKept()
    {
        const string Default =
            "{%- if messages[0]['role'] != 'system' %}{{- '<|im_start|>system\nYou are helpful.<|im_end|>\n' }}{% endif %}\n";

        ChatFormat format = ChatRecognition.Of(Default + Generic);

        Assert.Equal("You are helpful.", format.DefaultSystem);
        Assert.StartsWith(
            "<|im_start|>system\nYou are helpful.<|im_end|>\n<|im_start|>user\nHi",
            ChatText.Of(ChatText.Parts(format, _messages[1..]), null));
        Assert.StartsWith(
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi", ChatText.Of(ChatText.Parts(format, _messages), null));
    }

    [Fact]
    public void Recognition_Llama3_TrimsMessages() => Assert.Equal(ChatFormats.Llama3, ChatRecognition.Of(
        "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + message['role'] + "
            + "'<|end_header_id|>\n\n' + message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}"
            + "{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}"
            + "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"));

    [Fact]
    public void Recognition_GemmaThatRefusesSystems_RefusesThemToo()
    {
        ChatFormat format = ChatRecognition.Of(
            "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
                + "{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
                + "{{ raise_exception('order') }}{% endif %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}"
                + "{% set role = message['role'] %}"
                + "{% endif %}{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}"
                + "{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}");

        Assert.Equal("gemma", format.Name);
        Assert.Contains(
            "system message", Assert.Throws<RunFailure>(() => ChatText.Parts(format, _messages)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Recognition_MistralWithItsThirdTokenizer_WritesNoSpaceBehindTheQuestion()
    {
        ChatFormat format = ChatRecognition.Of(
            "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + '[/INST]' }}"
                + "{% elif message['role'] == 'assistant' %}{{ ' ' + message['content'] + eos_token }}{% else %}"
                + "{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}");

        Assert.Equal("mistral", format.Name);
        Assert.Equal("[INST] Hi[/INST] Hello!</s>", ChatText.Of(ChatText.Parts(format, _messages[1..3]), "</s>"));
    }

    [Theory]
    [InlineData(null, "has no chat template")]
    [InlineData("{{ messages | tojson }}", "cannot read it (the filter tojson")]
    [InlineData("{% for message in messages %}### {{ message['role'] }}: {{ message['content'] }}\n{% endfor %}", "in another way")]
    [InlineData("{% for message in messages %}{{ message['content'] }}", "'endfor' is missing")]
    public void Recognition_AnotherTemplate_IsRefusedWithTheNames(string? template, string reason)
    {
        RunFailure failure = Assert.Throws<RunFailure>(() => ChatRecognition.Of(template));

        Assert.Equal("chatTemplate", failure.Field);
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
        Assert.Contains("chatml, llama3, zephyr, gemma, mistral", failure.Message, StringComparison.Ordinal);
    }

    /// <summary>It leaves out earlier thoughts and adds empty ones, which is not ChatML.</summary>
    [Fact]
    public void Recognition_Qwen3_IsRefused()
    {
        string folder = Fixtures.Data("models", "Qwen3-tokenizer-only");

        Assert.Throws<RunFailure>(() => ChatRecognition.Of(TokenizerFolder.Load(folder).Tokenizer.Conventions.ChatTemplate));
    }

    [Theory]
    [InlineData("""[{"role":"user","content":"a"}]""", "no assistant turn")]
    [InlineData("""[{"role":"assistant","content":"a"}]""", "message 1 is from the assistant where one from the user belongs")]
    [InlineData(
        """[{"role":"user","content":"a"},{"role":"user","content":"b"},{"role":"assistant","content":"c"}]""",
        "message 2 is from the user")]
    [InlineData(
        """[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"system","content":"c"}]""",
        "message 3 is from the system")]
    [InlineData("""[{"role":"user","content":"a"},{"role":"assistant","content":" "}]""", "message 2, from the assistant, is empty")]
    [InlineData(
        """[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}]""",
        "the last message is from the user")]
    [InlineData("""[{"role":"tool","content":"a"}]""", "the role 'tool'")]
    [InlineData("""[{"role":"user","content":["a"]}]""", "message 1 has a 'content' that is a list and not a text")]
    [InlineData("""[{"role":"user","content":null}]""", "message 1 has a 'content' that is null and not a text")]
    [InlineData("""[{"role":5,"content":"a"}]""", "message 1 has a 'role' that is not a text")]
    [InlineData("""[{"from":"human","value":"a"}]""", "message 1 has no 'role'")]
    [InlineData("""[{"role":"user"}]""", "message 1 has no 'content'")]
    [InlineData("""[{"role":"user","content":"a"},null]""", "message 2 is not an object")]
    [InlineData("""[{"role":"user","content":"a\u0000"},{"role":"assistant","content":"b"}]""", "message 1 has a NUL character")]
    [InlineData("""[{"role":"user","content":"\ud800"},{"role":"assistant","content":"b"}]""", "not valid JSON")]
    [InlineData("""[{"role":"user","content":"a"},{"role":"assistant","content":null,"tool_calls":[{}]}]""", "message 2 has 'tool_calls'")]
    [InlineData("""[{"role":"user","content":"a"},{"role":"assistant","content":"b","tool_calls":[{}]}]""", "'tool_calls'")]
    [InlineData("{}", "not a list")]
    [InlineData("[{", "not valid JSON")]
    public void Read_BadConversation_IsRefused(string json, string problem)
    {
        Assert.Null(Conversation.Read(json, out string? found, out _));
        Assert.Contains(problem, found, StringComparison.Ordinal);
    }
}
