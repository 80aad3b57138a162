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
/// Runs the hidden command <c>worker</c>: reads one run from stdin, executes it and exits. While it waits for the run, it preloads.
/// Further lines may cancel the run; the end of stdin means that the server has exited.
/// </summary>
public static class WorkerProgram
{
    private const int EchoCapacity = 1024;

    /// <summary>A worker without a server must release the device within five seconds; then it kills itself.</summary>
    private static readonly TimeSpan _gracePeriod = TimeSpan.FromSeconds(4.5);

    /// <summary>Executes one run; returns the exit code.</summary>
    public static int Run(TrainerServices services, TextReader input, TextWriter output, TextWriter log)
    {
        using StopSignal stop = new();
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Abandon(context, stop));
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Abandon(context, stop));
        if (WaitForCommand(new CommandReader(input, stop, _gracePeriod, KillSelf), services, stop) is not WorkerCommand first)
        {
            return ExitCodes.Success;
        }

        if (first.RunDirectory is not string folder)
        {
            return ExitCodes.BadUsage;
        }

        try
        {
            return ExitCodes.FromEndReason(Execute(services, new RunDirectory(folder), first, stop, output, log));
        }
        catch (IOException problem) when (DiskSpace.IsShort(problem))
        {
            log.WriteLine($"The disk is full: {problem.Message}");
            return ExitCodes.DiskFull;
        }
    }

    private static EndReason? Execute(
        TrainerServices services, RunDirectory directory, WorkerCommand command, StopSignal stop, TextWriter output, TextWriter log)
    {
        using Echo echo = new(output);
        using EventLog events = new(directory.AttemptFolder(command.Attempt), services.Clock, echo.Write);
        RunRecorder recorder = new(directory, events, RunLog.ToStream(log, services.Clock), services.Clock);
        return services.Attempt(recorder, stop)
            .Execute(JsonNode.Parse(directory.ReadSpec().GetRawText()), resume: command.Attempt > 1, command.Files);
    }

    /// <summary>
    /// Ends the process at once, even in a long native call (a decomposition, a large load). Checkpoints are renamed when they are
    /// complete, so the last one remains valid.
    /// </summary>
    private static void KillSelf()
    {
        using Process self = Process.GetCurrentProcess();
        self.Kill();
    }

    private static void Abandon(PosixSignalContext context, StopSignal stop)
    {
        context.Cancel = true;
        stop.Abandon("stopped: the system asked the worker to exit");
    }

    /// <summary>Preloads and waits for the first command; null if the process must exit without one.</summary>
    private static WorkerCommand? WaitForCommand(CommandReader commands, TrainerServices services, StopSignal stop)
    {
        using CancellationTokenSource preloading = CancellationTokenSource.CreateLinkedTokenSource(commands.Received, stop.Token);
        Preload.Run(services, preloading.Token);
        WaitHandle.WaitAny([commands.Received.WaitHandle, stop.Token.WaitHandle]);
        return commands.First.IsCompletedSuccessfully ? commands.First.Result : null;
    }

    /// <summary>
    /// Writes event lines to stdout on a thread of its own, because a full pipe would block the training. The oldest lines are dropped
    /// when the buffer is full: the event file has them.
    /// </summary>
    private sealed class Echo : IDisposable
    {
        private readonly Channel<string> _lines =
            Channel.CreateBounded<string>(new BoundedChannelOptions(EchoCapacity) { FullMode = BoundedChannelFullMode.DropOldest });
        private readonly Thread _thread;

        public Echo(TextWriter output)
        {
            _thread = new Thread(() => Copy(output)) { IsBackground = true, Name = "echo" };
            _thread.Start();
        }

        public void Write(string line) => _lines.Writer.TryWrite(line);

        public void Dispose()
        {
            _lines.Writer.Complete();
            _thread.Join(TimeSpan.FromSeconds(1));
        }

        private void Copy(TextWriter output)
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
                // The server has exited, which the end of stdin reports too.
            }
        }
    }
}
