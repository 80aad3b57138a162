using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Files;
using LoraLab.Training.Training.Recording;

namespace LoraLab.Training.Cli.Worker;

/// <summary>
/// The hidden verb <c>worker</c>: takes one run from stdin, executes it and exits. It may idle before, and gets ready for the run
/// meanwhile. Further lines may cancel it; the end of stdin means that the server is gone.
/// </summary>
public static class WorkerProgram
{
    private const int LinesWaiting = 1024;

    /// <summary>A worker without a server holds the device for five seconds at most; what is left is for the system to clear away.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4.5);

    /// <summary>Serves one run; returns the exit code.</summary>
    public static int Run(TrainerServices services, TextReader input, TextWriter output, TextWriter log)
    {
        using StopSignal stop = new();
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Leave(context, stop));
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Leave(context, stop));
        if (Await(new CommandReader(input, stop, Patience, Vanish), services, stop) is not WorkerCommand first)
        {
            return ExitCodes.Success;
        }

        if (first.RunDirectory is not string folder)
        {
            return ExitCodes.BadUsage;
        }

        try
        {
            return ExitCodes.FromEndReason(Serve(services, new RunDirectory(folder), first, stop, output, log));
        }
        catch (IOException problem) when (DiskSpace.IsShort(problem))
        {
            log.WriteLine($"the disk is full: {problem.Message}");
            return ExitCodes.DiskFull;
        }
    }

    private static EndReason? Serve(TrainerServices services, RunDirectory directory, WorkerCommand command, StopSignal stop, TextWriter output, TextWriter log)
    {
        using Echo echo = new(output);
        using EventLog events = new(directory.AttemptFolder(command.Attempt), services.Clock, echo.Tell);
        RunRecorder recorder = new(directory, events, RunLog.ToStream(log, services.Clock), services.Clock);
        return services.Execution().Execute(JsonNode.Parse(directory.ReadSpec().GetRawText()), recorder, stop, resume: command.Attempt > 1, command.Files);
    }

    /// <summary>
    /// Within a native call that takes long (a decomposition, a large load) nothing else ends the process at once. Checkpoints are renamed
    /// when they are whole, so the last one stands.
    /// </summary>
    private static void Vanish()
    {
        using Process self = Process.GetCurrentProcess();
        self.Kill();
    }

    private static void Leave(PosixSignalContext context, StopSignal stop)
    {
        context.Cancel = true;
        stop.Abandon("stopped: the system asked the worker to end");
    }

    /// <summary>The first command; null when there will be none because the process shall end.</summary>
    private static WorkerCommand? Await(CommandReader commands, TrainerServices services, StopSignal stop)
    {
        using CancellationTokenSource enough = CancellationTokenSource.CreateLinkedTokenSource(commands.Heard, stop.Token);
        Preload.Run(services, enough.Token);
        WaitHandle.WaitAny([commands.Heard.WaitHandle, stop.Token.WaitHandle]);
        return commands.First.IsCompletedSuccessfully ? commands.First.Result : null;
    }

    /// <summary>
    /// Repeats lines on stdout from a thread of its own. A full pipe would stall the training otherwise; lines that find no room
    /// are dropped, because the event file has them.
    /// </summary>
    private sealed class Echo : IDisposable
    {
        private readonly Channel<string> _lines = Channel.CreateBounded<string>(new BoundedChannelOptions(LinesWaiting) { FullMode = BoundedChannelFullMode.DropOldest });
        private readonly Thread _thread;

        public Echo(TextWriter output)
        {
            _thread = new Thread(() => Write(output)) { IsBackground = true, Name = "echo" };
            _thread.Start();
        }

        public void Tell(string line) => _lines.Writer.TryWrite(line);

        public void Dispose()
        {
            _lines.Writer.Complete();
            _thread.Join(TimeSpan.FromSeconds(1));
        }

        private void Write(TextWriter output)
        {
            try
            {
                while (_lines.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
                {
                    while (_lines.Reader.TryRead(out string? line))
                    {
                        output.WriteLine(line);
                    }

                    output.Flush();
                }
            }
            catch (IOException)
            {
                // The reader is gone; the end of stdin says so too.
            }
        }
    }
}
